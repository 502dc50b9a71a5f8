using System.Text.Json;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Tests.Stages;

/// <summary>A small model project in a temporary folder: the tiny checkpoint, two samples, four steps, one quantized block.</summary>
internal sealed class TinyProject : IDisposable
{
    public TinyProject(string? folderName = null)
    {
        Root = Path.Combine(Path.GetTempPath(), "quantbuild-tests", Guid.NewGuid().ToString("N"), folderName ?? "project");
        Directory.CreateDirectory(Root);
        Store = Path.Combine(Path.GetDirectoryName(Root)!, "store");
    }

    public string Root { get; }

    public string Store { get; set; }

    public string Checkpoint { get; set; } = TestData.TinyWan("checkpoint");

    public string Calibration { get; set; } = TestData.TinyWan("calibration.jsonl");

    public string Manifest => Path.Combine(Root, "tiny.quant.json");

    public string Architecture { get; set; } = "wan2.2-i2v";

    /// <summary>Where a build writes its report page; null for none.</summary>
    public string? Report { get; set; }

    public string Output => Path.Combine(Root, "out");

    public string HighBins { get; set; } = """ "early:0-0.5", "boundary:0.5-1" """;

    public string LowBins { get; set; } = """ "boundary:0-0.5", "late:0.5-1" """;

    public string ClipRatios { get; set; } = "0.7, 1.0";

    public string Activations { get; set; } = "";

    public string Weights { get; set; } = """ "method": "gptq" """;

    /// <summary>What comes before <see cref="Weights"/>, followed by a comma.</summary>
    public string WeightsBefore { get; set; } = """ "order": "channel", "exponents": "floor", """;

    /// <summary>What else <c>quantize</c> has, each followed by a comma.</summary>
    public string Quantize { get; set; } = """ "rotation": "none", "smooth": { "share": "site" }, """;

    /// <summary>What leaves only one block to quantize.</summary>
    public string Kept { get; set; } = """{ "match": "blocks.1-5.*", "precision": "bf16" },""";

    public string Overrides { get; set; } = "";

    public string Gates { get; set; } = "";

    public string OutputSection { get; set; } = "";

    /// <summary>More of the section, beginning with a comma.</summary>
    public string MoreCalibration { get; set; } = "";

    /// <summary>Entries of <c>model.loras</c>.</summary>
    public string Loras { get; set; } = "";

    public string HighWeights { get; set; } = "high_noise_model";

    public string LowWeights { get; set; } = "low_noise_model";

    public int Samples { get; set; } = 2;

    /// <summary>The schedule of calibration.</summary>
    public string Steps { get; set; } = "\"steps\": 4";

    public double Guidance { get; set; } = 1;

    /// <summary>Whether the manifest leaves the experts' folders to the checkpoint's layout.</summary>
    public bool UsesDefaultFolders { get; set; }

    public int Threads { get; set; } = 2;

    public MemoryLimit? Memory { get; set; }

    public CancellationToken Cancellation { get; set; } = TestContext.Current.CancellationToken;

    /// <summary>Builds in this process and returns what happened.</summary>
    public Outcome Build(IBuildObserver? observer = null, bool locked = false)
    {
        WriteManifest();
        var options = new CompileOptions(Manifest, Store, Threads, locked, Memory);
        CompileResult result = ModelCompiler.Build(options with { Report = Report }, Output, observer ?? SilentObserver.Instance,
            Cancellation);
        return new Outcome(result, [.. result.Actions.Where(action => action.Outcome == ActionOutcome.Ran)]);
    }

    public CompileOptions Options()
    {
        WriteManifest();
        return new CompileOptions(Manifest, Store, Threads, Memory: Memory);
    }

    /// <summary>Goes on with a copy of the checkpoint that a test may change.</summary>
    public void CopyCheckpoint()
    {
        string copy = Path.Combine(Root, "checkpoint");
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            Directory.CreateDirectory(Path.Combine(copy, expert));
            foreach (string file in Directory.EnumerateFiles(Path.Combine(Checkpoint, expert)))
                File.Copy(file, Path.Combine(copy, expert, Path.GetFileName(file)));
        }
        Checkpoint = copy;
    }

    /// <summary>
    /// Every file of the artifact, by relative path; not its provenance, which names the manifest with its paths, and times.
    /// </summary>
    public IReadOnlyDictionary<string, string> ArtifactDigests() => Directory.EnumerateFiles(Output, "*", SearchOption.AllDirectories)
        .Where(path => !Path.GetFileName(path).StartsWith("provenance.", StringComparison.Ordinal))
        .ToDictionary(path => Path.GetRelativePath(Output, path), path =>
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))));

    public void WriteManifest() => File.WriteAllText(Manifest, $$"""
        {
          "model": { "architecture": "{{Architecture}}", "source": {{JsonSerializer.Serialize(Checkpoint)}}, "loras": [{{Loras}}] },
          "experts": {
            "high_noise": { {{(UsesDefaultFolders ? "" : $"\"weights\": \"{HighWeights}\",")}} "bins": [{{HighBins}}] },
            "low_noise": { {{(UsesDefaultFolders ? "" : $"\"weights\": \"{LowWeights}\",")}} "bins": [{{LowBins}}] }
          },
          "calibration": { "data": {{JsonSerializer.Serialize(Calibration)}}, "samples": {{Samples}}, {{Steps}}, "guidance": {{Guidance.ToString(System.Globalization.CultureInfo.InvariantCulture)}}, "tokensPerStep": 48, "seed": 42 {{MoreCalibration}} },
          "quantize": {
            {{Quantize}}
            "lowRank": { "rank": 8 },
            "weights": { {{WeightsBefore}} {{Weights}} },
            "activations": { "clipRatios": [{{ClipRatios}}] {{Activations}} }
          },
          "overrides": [
            {{Kept}}
            {{Overrides}}
          ],
          "gates": { {{Gates}} },
          "output": { {{OutputSection}} }
        }
        """);

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(Root)!, recursive: true);

    internal sealed record Outcome(CompileResult Result, IReadOnlyList<ActionEvent> Ran)
    {
        /// <summary>What ran, as "stage expert name".</summary>
        public IReadOnlyList<string> RanNames => [.. Ran.Select(action => $"{action.Stage} {action.Expert} {action.Name}")];
    }
}
