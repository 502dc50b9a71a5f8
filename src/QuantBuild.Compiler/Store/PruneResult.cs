namespace QuantBuild.Compiler.Store;

/// <summary>What cleaning did.</summary>
/// <param name="RemovedActions">Number of action records removed.</param>
/// <param name="RemovedBlobs">Number of blobs removed.</param>
/// <param name="RemovedBytes">
/// Size of the blobs and leftovers removed. A blob that an output folder links to keeps its disk space until it goes there too.
/// </param>
/// <param name="RemainingActions">Number of action records kept.</param>
/// <param name="RemainingBytes">Size of the blobs kept; above the limit when running builds use more than it.</param>
internal sealed record PruneResult(int RemovedActions, int RemovedBlobs, long RemovedBytes, int RemainingActions, long RemainingBytes);
