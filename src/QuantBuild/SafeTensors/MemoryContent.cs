namespace QuantBuild.SafeTensors;

/// <summary>Bytes at a fixed address: a mapped file, pinned memory, a resource.</summary>
/// <param name="start">The first byte.</param>
/// <param name="owner">Disposed with the instance; null for nothing.</param>
internal sealed unsafe class MemoryContent(byte* start, IDisposable? owner) : IFileContent
{
    // Taking pages out interrupts every core of the process; below this it costs more than the memory is worth.
    private const int WorthReleasing = 1 << 20;

    private readonly bool _mapped = owner is MappedFile;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> View(long offset, int length) => new(start + offset, length);

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination) => View(offset, destination.Length).CopyTo(destination);

    /// <inheritdoc/>
    public void Prefetch(long offset, long length)
    {
        if (_mapped)
            MappedPages.Prefetch(start + offset, length);
    }

    /// <inheritdoc/>
    public void Release(long offset, long length)
    {
        if (_mapped && length >= WorthReleasing)
            MappedPages.Release(start + offset, length);
    }

    /// <inheritdoc/>
    public void Dispose() => owner?.Dispose();
}
