namespace QuantBuild.Compiler.Compute;

/// <summary>The steps of a layer that a backend computes, in their order: the methods of <see cref="ILayerCompute"/>.</summary>
internal enum LayerStep
{
    /// <summary><see cref="ILayerCompute.Rotate"/>.</summary>
    Rotate,

    /// <summary><see cref="ILayerCompute.Curve"/>.</summary>
    Curve,

    /// <summary><see cref="ILayerCompute.LowRank"/>.</summary>
    LowRank,

    /// <summary><see cref="ILayerCompute.Round"/>.</summary>
    Round,

    /// <summary><see cref="ILayerCompute.Clip"/>.</summary>
    Clip,

    /// <summary><see cref="ILayerCompute.Measure"/>.</summary>
    Measure,
}
