namespace QuantBuild.Compiler.Manifests;

/// <summary>Rounding of the residual weights.</summary>
/// <param name="Method">Refit, GPTQ or round-to-nearest.</param>
/// <param name="Damp">Damping added to the Hessian's diagonal, as a fraction of its mean.</param>
/// <param name="BlockSize">Columns per lazy update of GPTQ: a matter of speed, on which no bit of the result depends.</param>
internal sealed record WeightRecipe(WeightMethod Method, double Damp, int BlockSize)
{
    /// <summary>The order in which channels are rounded.</summary>
    public WeightOrder Order { get; init; }

    /// <summary>How exponents of blocks are chosen.</summary>
    public BlockExponents Exponents { get; init; }

    /// <summary>Most rounds of <see cref="WeightMethod.Refit"/> after the first rounding.</summary>
    public int Rounds { get; init; }

    /// <summary>Part of the loss that a round must take off, or it is the last.</summary>
    public double LeastGain { get; init; }

    /// <summary>What weights are told of the rounding of the input.</summary>
    public NoiseModel Noise { get; init; }

    /// <summary>The ridge of <see cref="WeightMethod.Refit"/> in units of the mean noise; 0 for the one that measures best.</summary>
    public double Ridge { get; init; }
}
