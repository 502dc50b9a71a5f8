using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Allocation;

/// <summary>One way to treat a layer, with what it costs and what it brings.</summary>
/// <param name="Precision">Its precision.</param>
/// <param name="Rank">Rank of its low-rank branch; 0 for <see cref="Precision.BF16"/>.</param>
/// <param name="Error">Relative output error as measured; 0 for <see cref="Precision.BF16"/>.</param>
/// <param name="Bytes">Size of its tensors in the artifact.</param>
/// <param name="Work">Multiplications per token that it does with 16-bit activations: its weight's elements, or 0 for w4a4.</param>
internal sealed record LayerOption(Precision Precision, int Rank, double Error, long Bytes, long Work);
