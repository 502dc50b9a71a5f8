using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>The paper's Table I for one model.</summary>
/// <param name="Rows">Methods, from full precision on.</param>
/// <param name="Samples">Evaluation samples used.</param>
internal sealed record EvaluationReport(IReadOnlyList<EvaluationReport.Row> Rows, int Samples)
{
    /// <summary>Name of the manifest's own recipe among the methods.</summary>
    public const string Ours = "ours";

    /// <summary>How often every sample ran, each time with slightly other noise.</summary>
    public int Repeats { get; init; } = 1;

    /// <summary>The layers of the manifest's own recipe on tokens that no build has seen; empty unless that was asked for.</summary>
    public IReadOnlyList<HeldOutLayer> Layers { get; init; } = [];

    /// <summary>Searches of the manifest's own recipe that picked one value nearly everywhere.</summary>
    public IReadOnlyList<string> Hints { get; init; } = [];

    /// <summary>Gates of the manifest on the final latents that the manifest's own recipe exceeds.</summary>
    public IReadOnlyList<Diagnostic> Beyond { get; init; } = [];

    /// <summary>One method.</summary>
    /// <param name="Method"><c>full</c>, <c>rtn</c>, <c>svdquant+rtn</c>, <c>svdquant+gptq</c>, <c>ours</c> or <c>ours-dagger</c>; with
    /// bins that leave activations as they are also <c>ours-rounded</c>, the recipe without these.</param>
    /// <param name="Calibrated">Layer errors on calibration tokens.</param>
    /// <param name="HeldOut">Layer errors on tokens of the evaluation samples; null unless that was asked for.</param>
    /// <param name="Latent">Distance of the final latents to full precision's.</param>
    /// <param name="ArtifactBytes">Size of the artifact; of the checkpoint's tensors for <c>full</c>.</param>
    /// <param name="Video">Quality of the decoded videos; null when the checkpoint has no autoencoder.</param>
    public sealed record Row(string Method, LayerMeans Calibrated, LayerMeans? HeldOut, LatentErrors Latent, long ArtifactBytes,
        VideoQuality? Video)
    {
        /// <summary>How much larger errors are on unseen tokens; null where that is not known, or there are none.</summary>
        public double? Flatters => HeldOut is { } unseen && Calibrated.All > 0 ? (unseen.All / Calibrated.All) - 1 : null;
    }
}
