namespace QuantBuild.Compiler.Store;

/// <summary>What actions produced, by key.</summary>
/// <remarks>Threads and failures: as for <see cref="IBlobStore"/>. A damaged record is a missing one.</remarks>
internal interface IActionCache
{
    /// <summary>
    /// What the action with this key produced; null when nobody knows. A cache that does not hold the blobs itself may return a record
    /// whose blobs are gone.
    /// </summary>
    /// <param name="key">Digest of everything that decides the outputs.</param>
    /// <param name="ct">Ends the call.</param>
    ValueTask<ActionRecord?> FindAsync(Digest key, CancellationToken ct = default);

    /// <summary>Remembers what an action produced, replacing an older record. Its blobs are put first.</summary>
    /// <param name="record">The record.</param>
    /// <param name="ct">Ends the call.</param>
    ValueTask PutAsync(ActionRecord record, CancellationToken ct = default);
}
