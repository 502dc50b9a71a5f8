namespace QuantBuild.Compiler.Manifests;

/// <summary>What is written.</summary>
/// <param name="Layout">Always <c>native</c> today.</param>
/// <param name="ShardSize">Largest shard in bytes.</param>
/// <param name="KeptDtype">Element type of kept floating-point tensors; null keeps the source's, bit for bit.</param>
public sealed record OutputSection(string Layout, long ShardSize, SafeTensors.DType? KeptDtype);
