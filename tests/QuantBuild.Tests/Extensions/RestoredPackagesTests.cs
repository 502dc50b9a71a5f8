using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Extensions;

namespace QuantBuild.Tests.Extensions;

public sealed class RestoredPackagesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("qb-restored").FullName;

    private string Assets => Path.Combine(_root, RestoredPackages.FileName);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Packages_are_found_in_the_first_folder_that_has_them()
    {
        Package("fallback", "torchsharp/0.107.0");
        Package("own", "torchsharp/0.107.0");
        Package("fallback", "libtorch-cpu-linux-x64/2.10.0");
        Write(["own", "fallback"], ("TorchSharp/0.107.0", "torchsharp/0.107.0", "package"),
            ("libtorch-cpu-linux-x64/2.10.0", "libtorch-cpu-linux-x64/2.10.0", "package"), ("Other/1.0.0", "../Other.csproj", "project"),
            ("Gone/1.0.0", "gone/1.0.0", "package"));

        RestoredPackages found = RestoredPackages.Read(Assets);

        Assert.Equal([("libtorch-cpu-linux-x64", Path.Combine(_root, "fallback", "libtorch-cpu-linux-x64/2.10.0")),
            ("TorchSharp", Path.Combine(_root, "own", "torchsharp/0.107.0"))],
            found.Folders.OrderBy(package => package.Key, StringComparer.OrdinalIgnoreCase)
                .Select(package => (package.Key, package.Value)));
        Assert.True(found.Folders.ContainsKey("torchsharp"));
    }

    [Fact]
    public void Natives_are_those_for_this_system_of_all_packages_with_the_prefix()
    {
        Package("own", $"libtorch-b/1.0.0/runtimes/{RestoredPackages.System}/native");
        Package("own", $"libtorch-a/1.0.0/runtimes/{RestoredPackages.System}/native");
        Package("own", "libtorch-c/1.0.0/runtimes/another-system/native");
        Package("own", $"other/1.0.0/runtimes/{RestoredPackages.System}/native");
        Write(["own"], [.. new[] { "libtorch-b", "libtorch-c", "LibTorch-A", "other" }
            .Select(name => ($"{name}/1.0.0", $"{name.ToLowerInvariant()}/1.0.0", "package"))]);

        Assert.Equal([.. new[] { "a", "b" }.Select(name =>
            Path.Combine(_root, "own", $"libtorch-{name}/1.0.0", "runtimes", RestoredPackages.System, "native"))],
            RestoredPackages.Read(Assets).NativeFolders("libtorch-"));
    }

    [Fact]
    public void An_extension_is_in_the_tools_folder_of_its_package()
    {
        Package("own", "some.extension/1.0.0/tools/net10.0");
        Package("own", "empty/1.0.0/tools/net10.0");
        string file = Path.Combine(_root, "own", "some.extension/1.0.0", "tools/net10.0", "Some.Extension.dll");
        File.WriteAllText(file, "");
        Write(["own"], ("Some.Extension/1.0.0", "some.extension/1.0.0", "package"), ("Empty/1.0.0", "empty/1.0.0", "package"));

        RestoredPackages found = RestoredPackages.Read(Assets);

        Assert.Equal((file, null, null), (found.Find("Some.Extension"), found.Find("Empty"), found.Find("Other")));
    }

    [Fact]
    public void A_project_that_was_not_restored_has_none() => Assert.Empty(RestoredPackages.Read(Assets).Folders);

    [Theory]
    [InlineData("{", "")]
    [InlineData("[]", "an object")]
    [InlineData("""{ "libraries": {} }""", "packageFolders is missing")]
    [InlineData("""{ "packageFolders": {}, "libraries": { "A/1": { "type": "package" } } }""", "path is missing")]
    public void A_damaged_file_is_told_with_its_place(string text, string why)
    {
        File.WriteAllText(Assets, text);

        Diagnostic problem = Assert.Single(Assert.Throws<DiagnosticException>(() => RestoredPackages.Read(Assets)).Diagnostics);

        Assert.Equal(("QB4102", Assets), (problem.Descriptor.Code, problem.Span!.Value.File));
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
    }

    private void Package(string root, string path) => Directory.CreateDirectory(Path.Combine(_root, root, path));

    private void Write(string[] roots, params (string Key, string Path, string Type)[] libraries) =>
        File.WriteAllText(Assets, new JsonObject
        {
            ["version"] = 3,
            ["packageFolders"] = new JsonObject(roots.Select(root =>
                KeyValuePair.Create(Path.Combine(_root, root) + Path.DirectorySeparatorChar, (JsonNode?)new JsonObject()))),
            ["libraries"] = new JsonObject(libraries.Select(library => KeyValuePair.Create(library.Key,
                (JsonNode?)new JsonObject { ["type"] = library.Type, ["path"] = library.Path }))),
        }.ToJsonString());
}
