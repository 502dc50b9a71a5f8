namespace QuantBuild.Compiler.Quantizers;

/// <summary>A rounded weight and how it came about.</summary>
/// <param name="Weight">Codes and scales.</param>
/// <param name="Outcome">What happened on the way.</param>
internal sealed record GptqResult(PackedWeight Weight, GptqOutcome Outcome)
{
    /// <summary>The low-rank branch that was found with it; null where the branch was there before.</summary>
    public LowRankBranch? Branch { get; init; }

    /// <inheritdoc cref="PackedWeight.Codes"/>
    public byte[] Codes => Weight.Codes;

    /// <inheritdoc cref="PackedWeight.Scales"/>
    public byte[] Scales => Weight.Scales;
}
