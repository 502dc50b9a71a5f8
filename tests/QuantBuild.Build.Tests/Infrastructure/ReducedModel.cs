using System.Security.Cryptography;

namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>A manifest over the tiny checkpoint that takes seconds: one sample, few steps, two layers of either expert.</summary>
internal sealed class ReducedModel : IDisposable
{
    /// <summary>Files that every artifact has.</summary>
    private static readonly string[] Kinds = ["*.safetensors", "*.json"];

    private readonly TemporaryFolder _folder = new();

    public ReducedModel()
    {
        Manifest = _folder["reduced.quant.json"];
        Write(Text());
    }

    public string Folder => _folder.Path;

    public string Manifest { get; }

    public string Lock => _folder["reduced.quant.lock.json"];

    public string Store => _folder["store"];

    public string Output => _folder["out"];

    public string this[params string[] parts] => _folder[parts];

    public static string Text(int rank = 4, string ratios = "0.8, 1.0", int samples = 1, int steps = 6) => $$"""
        {
          "model": { "architecture": "wan2.2-i2v", "source": "{{Json("models", "TinyWan", "checkpoint")}}" },
          "experts": {
            "high_noise": { "weights": "high_noise_model", "bins": ["early:0-0.5", "late:0.5-1"] },
            "low_noise": { "weights": "low_noise_model", "bins": ["all:0-1"] }
          },
          "calibration": {
            "data": "{{Json("models", "TinyWan", "calibration.jsonl")}}",
            "samples": {{samples}}, "solver": "unipc", "steps": {{steps}}, "shift": 5.0, "tokensPerStep": 32, "seed": 42
          },
          "quantize": {
            "format": "mxfp4", "lowRank": { "rank": {{rank}} }, "smooth": { "share": "site" }, "rotation": "none", "weights": { "method": "gptq" },
            "activations": { "clipRatios": [{{ratios}}] }
          },
          "overrides": [
            { "match": "*", "precision": "bf16" },
            { "match": "blocks.0.ffn.*", "precision": "w4a4" }
          ]
        }
        """;

    public void Write(string manifest) => File.WriteAllText(Manifest, manifest);

    /// <summary>Builds with the JSON log.</summary>
    public Outcome Build(params string[] more) => Tool.Run(Folder, Arguments(more));

    /// <summary>Starts a build with the JSON log.</summary>
    public RunningProcess Start(params string[] more) => Tool.Start(Folder, new Dictionary<string, string?>(), Arguments(more));

    /// <summary>The command line of a build into <see cref="Output"/>; later options win.</summary>
    public string[] Arguments(params string[] more) => ["build", Manifest, "--log", "json",
        .. more.Contains("--out") ? (string[])[] : ["--out", Output],
        .. more.Contains("--store") ? (string[])[] : ["--store", Store],
        .. more];

    /// <summary>Content of an artifact: a line per file with its digest.</summary>
    public static string Bytes(string artifact) => string.Join('\n', Kinds
        .SelectMany(kind => Directory.EnumerateFiles(artifact, kind, SearchOption.AllDirectories))
        .Where(file => Path.GetFileName(file) != "provenance.run.json")
        .Order(StringComparer.Ordinal)
        .Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}  {Path.GetRelativePath(artifact, file)}"));

    public void Dispose() => _folder.Dispose();

    private static string Json(params string[] parts) => Repository.PathOf(parts).Replace('\\', '/');
}
