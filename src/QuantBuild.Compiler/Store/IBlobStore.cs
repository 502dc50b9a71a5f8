namespace QuantBuild.Compiler.Store;

/// <summary>Blobs by the digest of their bytes: in a folder of this machine, on a share, or behind a protocol.</summary>
/// <remarks>
/// Nothing that a store returns is trusted: whoever reads a blob hashes what arrives. Implementations may be called from
/// any number of threads. A store that fails throws <see cref="IOException"/>, <see cref="UnauthorizedAccessException"/> or
/// <see cref="Diagnostics.DiagnosticException"/>, whatever library is behind it; a missing blob is no failure.
/// </remarks>
internal interface IBlobStore
{
    /// <summary>Whether the blob is there. Nothing has to be read for the answer.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="ct">Ends the call.</param>
    ValueTask<bool> ContainsAsync(BlobRef blob, CancellationToken ct = default);

    /// <summary>
    /// The blob's bytes from an offset on, so that an interrupted transfer can be resumed; null when the blob is missing.
    /// </summary>
    /// <param name="blob">The blob.</param>
    /// <param name="offset">Bytes to skip.</param>
    /// <param name="ct">Ends the call; the stream's own reads take their own token.</param>
    ValueTask<Stream?> OpenAsync(BlobRef blob, long offset = 0, CancellationToken ct = default);

    /// <summary>Adds a blob, which appears whole or not at all. One that is there already may be kept.</summary>
    /// <param name="blob">Digest and size of the content.</param>
    /// <param name="content">Its bytes, read to the end and left open.</param>
    /// <param name="ct">Ends the call.</param>
    /// <exception cref="InvalidDataException">The bytes are not the blob's; nothing was added.</exception>
    ValueTask PutAsync(BlobRef blob, Stream content, CancellationToken ct = default);
}
