using System.Collections.Immutable;

namespace QuantBuild.Compiler.Store;

/// <summary>What re-hashing the store found.</summary>
/// <param name="Blobs">Number of blobs read.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Damaged">Blobs whose content was not what their name says, by name; they were removed.</param>
/// <param name="RemovedActions">Number of records removed because they are damaged or refer to missing blobs.</param>
internal sealed record VerifyResult(int Blobs, long Bytes, ImmutableArray<Digest> Damaged, int RemovedActions);
