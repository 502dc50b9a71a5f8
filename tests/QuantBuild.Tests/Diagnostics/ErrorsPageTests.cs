using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Diagnostics;

public sealed class ErrorsPageTests
{
    [Fact]
    public void The_committed_page_is_what_the_table_renders()
    {
        string path = Path.Combine(TestData.Root, "docs", "errors.md");
        if (Environment.GetEnvironmentVariable("QUANTBUILD_UPDATE_DOCS") == "1")
            File.WriteAllText(path, ErrorsPage.Render());

        Assert.Equal(ErrorsPage.Render(), File.ReadAllText(path));
    }

    [Fact]
    public void Every_code_has_a_section() =>
        Assert.All(Descriptors.All, descriptor => Assert.Contains($"\n### {descriptor.Code} (", ErrorsPage.Render()));
}
