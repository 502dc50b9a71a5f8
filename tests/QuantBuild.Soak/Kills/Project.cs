using System.Reflection;
using System.Security.Cryptography;

namespace QuantBuild.Soak.Kills;

/// <summary>A folder with a manifest over the repository's tiny checkpoint that builds in seconds, its store and its artifact.</summary>
internal sealed class Project
{
    private static readonly string Root = Metadata("RepositoryRoot");

    private readonly string _tool;

    public Project(string tool, string folder)
    {
        _tool = tool;
        Folder = Directory.CreateDirectory(folder).FullName;
    }

    public static string BuiltTool { get; } = Path.Combine(Root, "src", "QuantBuild.Tool", "bin", Metadata("Configuration"), "net10.0",
        "QuantBuild.Tool.dll");

    public string Folder { get; }

    /// <summary>What <c>dotnet</c> is called with.</summary>
    public string[] Arguments =>
        ["exec", _tool, "build", Path.Combine(Folder, "reduced.quant.json"), "--store", Path.Combine(Folder, "store"), "--out",
            Path.Combine(Folder, "out"), "--threads", "2"];

    /// <summary>Writes the manifest.</summary>
    public void Write(int rank) => File.WriteAllText(Path.Combine(Folder, "reduced.quant.json"), $$"""
        {
          "model": { "architecture": "wan2.2-i2v", "source": "{{Of("checkpoint")}}" },
          "experts": {
            "high_noise": { "weights": "high_noise_model", "bins": ["early:0-0.5", "late:0.5-1"] },
            "low_noise": { "weights": "low_noise_model", "bins": ["all:0-1"] }
          },
          "calibration": { "data": "{{Of("calibration.jsonl")}}", "samples": 1, "solver": "unipc", "steps": 4, "shift": 5.0, "tokensPerStep": 16, "seed": 42 },
          "quantize": { "format": "mxfp4", "lowRank": { "rank": {{rank}} }, "activations": { "clipRatios": [0.8, 1.0] } },
          "overrides": [ { "match": "*", "precision": "bf16" }, { "match": "blocks.0.ffn.*", "precision": "w4a4" } ]
        }
        """);

    /// <summary>
    /// Every file by its relative path, with the digest of its content where that has to be the same: in the artifact, the lock, and the
    /// store's blobs. Records, and what tells of a run, hold times.
    /// </summary>
    public SortedDictionary<string, string> Content() =>
        new(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).ToDictionary(
        path => Path.GetRelativePath(Folder, path),
        path => HasTimes(Path.GetRelativePath(Folder, path)) ? "" : Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))),
        StringComparer.Ordinal), StringComparer.Ordinal);

    private static bool HasTimes(string path) =>
        path.EndsWith(".html", StringComparison.Ordinal) || path.EndsWith("provenance.run.json", StringComparison.Ordinal)
        || (path.StartsWith("store", StringComparison.Ordinal) && !path.Contains("blobs", StringComparison.Ordinal));

    private static string Of(string name) => Path.Combine(Root, "models", "TinyWan", name).Replace('\\', '/');

    private static string Metadata(string key) =>
        typeof(Project).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
