namespace QuantBuild.SafeTensors;

/// <summary>The bytes of a file: in memory, or read through its handle.</summary>
internal interface IFileContent : IDisposable
{
    /// <summary>Bytes that stay valid until the content is disposed; those of a handle are a copy.</summary>
    /// <exception cref="SafeTensorsException">The file has become shorter.</exception>
    ReadOnlySpan<byte> View(long offset, int length);

    /// <summary>Copies bytes.</summary>
    /// <exception cref="SafeTensorsException">The file has become shorter.</exception>
    void Read(long offset, Span<byte> destination);

    /// <summary>Has bytes read from the disk, without waiting for it.</summary>
    void Prefetch(long offset, long length);

    /// <summary>Says that bytes will not be read for a while.</summary>
    void Release(long offset, long length);
}
