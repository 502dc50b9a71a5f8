namespace QuantBuild.Compiler.Allocation;

/// <summary>What a choice has to keep to. All sums run over the layers to choose for.</summary>
/// <param name="Bytes">Most bytes; null for as few as the error allows.</param>
/// <param name="Error">Largest sum of errors to aim at; null for as small as the bytes allow.</param>
/// <param name="Work">Most multiplications per token with 16-bit activations.</param>
internal sealed record Budget(long? Bytes, double? Error, long Work);
