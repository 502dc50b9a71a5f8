using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>One file of a checkpoint to write.</summary>
/// <param name="FileName">Its bare name.</param>
/// <param name="Tensors">What goes into it.</param>
internal sealed record Shard(string FileName, IReadOnlyList<TensorData> Tensors);
