using System.IO.Compression;
using System.Xml.Linq;

namespace QuantBuild.Compiler.Torch.Tests.Packages;

/// <summary>What is in the packages.</summary>
[Collection<PackedFeedCollection>]
public sealed class PackageTests(PackedFeed feed)
{
    [Fact]
    public void The_backends_package_is_its_folder_and_depends_on_nothing()
    {
        using ZipArchive package = Open("QuantBuild.Compiler.Torch");

        Assert.Equal(
        [
            "QuantBuild.Compiler.Torch.deps.json", "QuantBuild.Compiler.Torch.dll", "QuantBuild.Torch.dll", "TorchSharp.LICENSE.txt",
            "TorchSharp.dll", "runtimes/linux-x64/native/libLibTorchSharp.so", "runtimes/osx-arm64/native/libLibTorchSharp.dylib",
            "runtimes/win-arm64/native/LibTorchSharp.dll", "runtimes/win-x64/native/LibTorchSharp.dll",
        ],
            package.Entries.Where(entry => entry.FullName.StartsWith("tools/net10.0/", StringComparison.Ordinal))
                .Select(entry => entry.FullName["tools/net10.0/".Length..]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(package.Entries, entry => entry.FullName.StartsWith("lib/", StringComparison.Ordinal));
        XElement metadata = Metadata(package, "QuantBuild.Compiler.Torch");
        Assert.Equal("true", Value(metadata, "developmentDependency"));
        Assert.Null(Value(metadata, "dependencies"));
        CheckMetadata(package, metadata);
    }

    [Fact]
    public void The_runtimes_package_brings_TorchSharp_and_no_natives()
    {
        using ZipArchive package = Open("QuantBuild.Torch");

        Assert.Equal(["lib/net10.0/QuantBuild.Torch.dll", "lib/net10.0/QuantBuild.Torch.xml"],
            package.Entries.Select(entry => entry.FullName)
                .Where(name => name.StartsWith("lib/", StringComparison.Ordinal) || name.Contains("runtimes", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
        XElement metadata = Metadata(package, "QuantBuild.Torch");
        Assert.Equal(["QuantBuild 0.1.0", "TorchSharp 0.107.0"], metadata.Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .Select(element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value}"));
        CheckMetadata(package, metadata);
    }

    private static void CheckMetadata(ZipArchive package, XElement metadata)
    {
        Assert.Equal(("MIT", "package.md", "0.1.0"), (Value(metadata, "license"), Value(metadata, "readme"), Value(metadata, "version")));
        Assert.Contains("Brings no libtorch", Value(metadata, "description"), StringComparison.Ordinal);
        Assert.True(package.GetEntry("package.md")!.Length > 200);
        // libtorch is 0.4 GB and more.
        Assert.InRange(package.Entries.Sum(entry => entry.CompressedLength), 1, 5 << 20);
    }

    private static XElement Metadata(ZipArchive package, string id)
    {
        using Stream nuspec = package.GetEntry($"{id}.nuspec")!.Open();
        return XDocument.Load(nuspec).Root!.Elements().Single();
    }

    private static string? Value(XElement metadata, string name) =>
        metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

    private ZipArchive Open(string id) => ZipFile.OpenRead(Path.Combine(feed.Folder, $"{id}.0.1.0.nupkg"));
}
