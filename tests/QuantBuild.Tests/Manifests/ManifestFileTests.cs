using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.Tests.Manifests;

public sealed class ManifestFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("manifest").FullName;

    [Fact]
    public void A_missing_file_is_reported_as_such()
    {
        Assert.Equal(Descriptors.ManifestNotFound, Problem(Path.Combine(_folder, "none.quant.json")));
        Assert.Equal(Descriptors.ManifestNotFound, Problem(Path.Combine(_folder, "none", "none.quant.json")));
    }

    [Fact]
    public void A_folder_is_unreadable() => Assert.Equal(Descriptors.ManifestUnreadable, Problem(_folder));

    [Fact]
    public void A_file_above_16_MiB_is_refused_before_it_is_parsed()
    {
        string path = Path.Combine(_folder, "large.quant.json");
        using (FileStream file = File.Create(path))
            file.SetLength((16 << 20) + 1);

        Assert.Equal(Descriptors.ManifestTooLarge, Problem(path));
    }

    [Fact]
    public void Text_that_is_not_utf8_is_reported_where_it_starts()
    {
        string path = Path.Combine(_folder, "latin.quant.json");
        File.WriteAllBytes(path, [.. "{\n \"na"u8, 0xE4, .. "\": 1 }"u8]);

        Diagnostic problem = Assert.Single(ManifestReader.Read(path).Diagnostics);

        Assert.Equal(Descriptors.ManifestNotUtf8, problem.Descriptor);
        Assert.Equal(new SourceSpan(path, 2, 5), problem.Span);
    }

    [Fact]
    public void A_utf16_file_is_not_utf8()
    {
        string path = Path.Combine(_folder, "wide.quant.json");
        File.WriteAllText(path, ManifestText.Minimal, System.Text.Encoding.Unicode);

        Assert.Equal(Descriptors.ManifestNotUtf8, Problem(path));
    }

    [Fact]
    public void Relative_paths_of_a_file_start_at_its_own_folder()
    {
        string path = Path.Combine(_folder, "m.quant.json");
        File.WriteAllText(path, ManifestText.Minimal);

        Assert.Equal(Path.Combine(_folder, "checkpoint"), ManifestReader.Read(path).Manifest!.Model.Source);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static DiagnosticDescriptor Problem(string path) => Assert.Single(ManifestReader.Read(path).Diagnostics).Descriptor;
}
