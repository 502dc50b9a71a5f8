using System.Collections.Immutable;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>An expert in the lock file.</summary>
/// <param name="Name"><c>high_noise</c> or <c>low_noise</c>.</param>
/// <param name="Checkpoint">Digest over the names and digests of all its source tensors: <see cref="TensorDigests.Combine"/>.</param>
/// <param name="Layers">Its quantizable layers; names are unique.</param>
/// <param name="Files">Its artifact files; paths are unique.</param>
internal sealed record LockedExpert(string Name, Digest Checkpoint, ImmutableArray<LockedLayer> Layers, ImmutableArray<PackedFile> Files);
