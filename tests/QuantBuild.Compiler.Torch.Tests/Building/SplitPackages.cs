using System.Text.Json.Nodes;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>The processor's libtorch as two packages, neither of which has all that the other needs.</summary>
internal sealed class SplitPackages : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("quantbuild-split-").FullName;

    public SplitPackages()
    {
        foreach (string file in Directory.EnumerateFiles(Natives.Folder))
        {
            // libtorch_cpu.so is in the first and asks for libc10.so and libgomp, which are in the second.
            bool isLeaf = Path.GetFileName(file) is "libc10.so" || file.Contains("libgomp", StringComparison.Ordinal);
            string folder = Path.Combine(_root, isLeaf ? "libtorch-test-part2" : "libtorch-test-part1", "2.10.0", "runtimes", "linux-x64",
                "native");
            Directory.CreateDirectory(folder);
            File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(file)), file);
        }
        JsonNode Package(string name) => new JsonObject { ["type"] = "package", ["path"] = $"{name}/2.10.0" };
        File.WriteAllText(Assets, new JsonObject
        {
            ["packageFolders"] = new JsonObject { [_root] = new JsonObject() },
            ["libraries"] = new JsonObject
            {
                ["libtorch-test-part1/2.10.0"] = Package("libtorch-test-part1"),
                ["libtorch-test-part2/2.10.0"] = Package("libtorch-test-part2"),
            },
        }.ToJsonString());
    }

    /// <summary>The file that names them.</summary>
    public string Assets => Path.Combine(_root, "project.assets.json");

    /// <summary>The natives of the first.</summary>
    public string First => Path.Combine(_root, "libtorch-test-part1", "2.10.0", "runtimes", "linux-x64", "native");

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
