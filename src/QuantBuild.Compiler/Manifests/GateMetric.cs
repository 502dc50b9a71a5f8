namespace QuantBuild.Compiler.Manifests;

/// <summary>What a gate limits.</summary>
internal enum GateMetric
{
    /// <summary><c>maxRelativeError</c>: <c>||Y - Yhat|| / ||Y||</c> of a layer's output.</summary>
    RelativeError,

    /// <summary><c>maxErrorVsRtn</c>: a layer's error divided by that of rounding to nearest alone.</summary>
    ErrorVsRtn,

    /// <summary><c>minCosine</c>: cosine similarity of Y and Yhat.</summary>
    Cosine,

    /// <summary>
    /// <c>maxFinalLatentError</c>: relative distance of the final latent to full precision's, of the model as a whole, by an evaluation.
    /// </summary>
    FinalLatentError,
}
