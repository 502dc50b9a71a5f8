using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class ReportTests
{
    [Fact]
    public void A_build_writes_its_report_beside_the_artifact_and_report_finds_it_or_makes_it_from_the_store()
    {
        using var model = new ReducedModel();
        Outcome missing = Tool.Run(model.Folder, "report", model.Manifest, "--store", model.Store).Expect(1);
        Assert.Contains("error QB4042", missing.Out, StringComparison.Ordinal);

        Outcome built = model.Build().Expect(0);
        string page = Path.Combine(model.Output, "reduced.report.html");
        Assert.Contains($"report    {page}", built.Error, StringComparison.Ordinal);
        Assert.Contains("id=\"data\"", File.ReadAllText(page), StringComparison.Ordinal);

        Assert.Equal(page, Tool.Run(model.Folder, "report", model.Output).Expect(0).Out.Trim());
        Assert.Equal(Path.Combine(model.Folder, "reduced.report.html"), Tool.Run(model.Folder, "report", "--store", model.Store)
            .Expect(0).Out.Trim());
        Assert.Equal(model["copy.html"], Tool.Run(model.Folder, "report", model.Output, "--out", "copy.html").Expect(0).Out.Trim());
        Assert.Equal(File.ReadAllBytes(page), File.ReadAllBytes(model["copy.html"]));
    }

    [Fact]
    public void A_build_without_a_report_writes_none_and_the_artifact_has_none_to_show()
    {
        using var model = new ReducedModel();
        Outcome built = model.Build("--no-report").Expect(0);

        Assert.DoesNotContain("report  ", built.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(model.Folder, "*.html", SearchOption.AllDirectories));
        Assert.Contains("error QB4041", Tool.Run(model.Folder, "report", model.Output).Expect(1).Out, StringComparison.Ordinal);
        Tool.Run(model.Folder, "report", model.Folder).Expect(2);
    }
}
