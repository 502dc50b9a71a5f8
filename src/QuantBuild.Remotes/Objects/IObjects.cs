namespace QuantBuild.Remotes.Objects;

/// <summary>Named objects in a part of a cloud's store, as its SDK offers them.</summary>
/// <remarks>
/// Methods may be called from any number of threads and throw what the SDK throws, which <see cref="FailureOf"/> puts into words. An object
/// appears whole or not at all. Tries that may help are the SDK's to make.
/// </remarks>
internal interface IObjects : IDisposable
{
    /// <summary>Length of an object in bytes; null when there is none of that name.</summary>
    /// <param name="name">The object.</param>
    /// <param name="ct">Ends the call.</param>
    Task<long?> LengthAsync(string name, CancellationToken ct);

    /// <summary>
    /// An object's bytes from an offset on, which is below its length; null when there is none of that name. It is not empty.
    /// </summary>
    /// <param name="name">The object.</param>
    /// <param name="offset">Bytes to skip.</param>
    /// <param name="ct">Ends the call; reads take their own token.</param>
    Task<ObjectContent?> OpenAsync(string name, long offset, CancellationToken ct);

    /// <summary>Writes an object in one go, replacing one that is there.</summary>
    /// <param name="name">The object.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="ct">Ends the call.</param>
    Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken ct);

    /// <summary>
    /// Writes an object part by part, replacing one that is there. When the parts end with an exception, nothing is written.
    /// </summary>
    /// <param name="name">The object.</param>
    /// <param name="parts">
    /// Its bytes; each part lasts until the next is asked for, and all but the last are <see cref="Parts.Length"/> long.
    /// </param>
    /// <param name="ct">Ends the call.</param>
    Task PutAsync(string name, IAsyncEnumerable<ReadOnlyMemory<byte>> parts, CancellationToken ct);

    /// <summary>
    /// What a failure of the SDK means to somebody who wants to mend it, without a secret in it; null when it is none of the SDK's.
    /// </summary>
    /// <param name="failure">The failure.</param>
    string? FailureOf(Exception failure);
}

/// <summary>An object that is being read.</summary>
/// <param name="Body">Its bytes.</param>
/// <param name="Length">How many there should be, from the offset on.</param>
/// <param name="Owner">Disposed with the body.</param>
internal sealed record ObjectContent(Stream Body, long Length, IDisposable Owner);
