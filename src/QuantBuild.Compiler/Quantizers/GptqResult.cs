namespace QuantBuild.Compiler.Quantizers;

/// <summary>A rounded weight and how it came about.</summary>
/// <param name="Weight">Codes and scales.</param>
/// <param name="Outcome">What happened on the way.</param>
internal sealed record GptqResult(PackedWeight Weight, GptqOutcome Outcome)
{
    /// <inheritdoc cref="PackedWeight.Codes"/>
    public byte[] Codes => Weight.Codes;

    /// <inheritdoc cref="PackedWeight.Scales"/>
    public byte[] Scales => Weight.Scales;
}
