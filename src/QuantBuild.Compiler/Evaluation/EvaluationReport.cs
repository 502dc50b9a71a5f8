using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>The paper's Table I for one model.</summary>
/// <param name="Rows">Methods, from full precision on.</param>
/// <param name="Samples">Evaluation samples used.</param>
internal sealed record EvaluationReport(IReadOnlyList<EvaluationReport.Row> Rows, int Samples)
{
    /// <summary>Name of the manifest's own recipe among the methods.</summary>
    public const string Ours = "ours";

    /// <summary>Gates of the manifest on the final latents that the manifest's own recipe exceeds.</summary>
    public IReadOnlyList<Diagnostic> Beyond { get; init; } = [];

    /// <summary>One method.</summary>
    /// <param name="Method"><c>full</c>, <c>rtn</c>, <c>svdquant+rtn</c>, <c>svdquant+gptq</c>, <c>ours</c> or <c>ours-dagger</c>.</param>
    /// <param name="MeanLayerError">Mean relative output error over all quantizable layers of both experts; kept layers count 0.</param>
    /// <param name="MeanLayerErrorByExpert">The same for each expert.</param>
    /// <param name="FinalLatentError">Relative L2 distance of the final latent to full precision's, mean over samples.</param>
    /// <param name="FinalLatentCosine">Cosine similarity of the two, mean over samples.</param>
    /// <param name="ArtifactBytes">Size of the artifact; of the checkpoint's tensors for <c>full</c>.</param>
    /// <param name="Video">Quality of the decoded videos; null when the checkpoint has no autoencoder.</param>
    public sealed record Row(string Method, double MeanLayerError, IReadOnlyDictionary<string, double> MeanLayerErrorByExpert,
        double FinalLatentError, double FinalLatentCosine, long ArtifactBytes, VideoQuality? Video);
}
