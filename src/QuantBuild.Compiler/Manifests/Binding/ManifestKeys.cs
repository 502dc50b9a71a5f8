using System.Collections.Immutable;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>
/// Every key that a manifest can have. The binders can ask only for keys listed here, and tests hold this table, the published
/// schema and <c>docs/manifest.md</c> against each other.
/// </summary>
internal static class ManifestKeys
{
    internal const string WeightsName = "weights";

    private static readonly ImmutableArray<string> Recipe = RecipeSettings.Sections;

    public static readonly KeySet Manifest = new("manifest",
        ["$schema", "name", "model", "experts", "calibration", "quantize", "overrides", "compute", "gates", "output"]);

    public static readonly KeySet Model = new("model", ["architecture", "source", "boundary", "loras"]);

    public static readonly KeySet Lora = new("lora", ["file", "strength", "experts"]);

    public static readonly KeySet Experts = new("experts", ExpertNames.All);

    public static readonly KeySet Expert = new("expert", ["bins", .. Recipe]);

    public static readonly KeySet Bin = new("bin", ["name", "from", "to", "timesteps", "activations", "clipRatios"]);

    public static readonly KeySet Calibration = new("calibration",
        ["data", "activations", "latent", "samples", "solver", "steps", "shift", "timesteps", "highNoiseSteps", "guidance", "tokensPerStep",
            "seed"]);

    public static readonly KeySet Latent = new("latent", ["frames", "height", "width"]);

    public static readonly KeySet Guidance = new("guidance", ExpertNames.All);

    public static readonly KeySet Quantize = new("quantize", ["format", .. Recipe]);

    public static readonly KeySet Smooth = KeysOf("smooth");

    public static readonly KeySet LowRank = KeysOf("lowRank");

    public static readonly KeySet Weights = KeysOf(WeightsName);

    /// <summary>An expert's <c>weights</c>, when it names the folder and changes settings at once.</summary>
    public static readonly KeySet ExpertWeights = new("expertWeights", ["folder", .. Weights.Keys]);

    public static readonly KeySet Activations = KeysOf("activations");

    public static readonly KeySet Override = new("override", ["match", "experts", .. Recipe]);

    public static readonly KeySet Compute = new("compute", ["model", "layers", "device", "dtype"]);

    public static readonly KeySet Gates =
        new("gates", ["maxRelativeError", "maxErrorVsRtn", "minCosine", "maxFinalLatentError", "severity", "rules"]);

    public static readonly KeySet GateRule =
        new("gateRule", ["match", "experts", "bins", "maxRelativeError", "maxErrorVsRtn", "minCosine", "severity"]);

    public static readonly KeySet Output = new("output", ["layout", "shardSize", "keptDtype", "from"]);

    /// <summary>All of the above.</summary>
    public static readonly ImmutableArray<KeySet> All =
    [
        Manifest, Model, Lora, Experts, Expert, Bin, Calibration, Latent, Guidance, Quantize, Smooth, LowRank, Weights, ExpertWeights,
            Activations,
        Override, Compute, Gates, GateRule, Output,
    ];

    /// <summary>The keys of a recipe's section.</summary>
    public static KeySet OfRecipe(string section) => All.Single(keys => keys.Name == section);

    private static KeySet KeysOf(string section) => new(section, [.. RecipeSettings.In(section).Select(setting => setting.Key)]);
}
