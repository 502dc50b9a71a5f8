using System.Collections.Immutable;

namespace QuantBuild.Compiler.Store;

/// <summary>What a store holds.</summary>
/// <param name="Actions">Number of readable action records.</param>
/// <param name="Blobs">Number of blobs.</param>
/// <param name="BlobBytes">Their size.</param>
/// <param name="OrphanBytes">Size of the blobs that no action refers to.</param>
/// <param name="TemporaryBytes">Size of the files being written or left behind by killed builds.</param>
/// <param name="Stages">The same by stage, by name.</param>
internal sealed record StoreStatistics(int Actions, int Blobs, long BlobBytes, long OrphanBytes, long TemporaryBytes,
    ImmutableArray<StageStatistics> Stages);
