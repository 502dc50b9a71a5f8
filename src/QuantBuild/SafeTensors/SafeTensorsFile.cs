using System.Buffers;
using System.Buffers.Binary;

namespace QuantBuild.SafeTensors;

/// <summary>A safetensors file, open for reading: mapped from disk, or lying in memory.</summary>
/// <remarks>
/// Everything the header claims is checked before an instance exists, so tensors lie inside the file and never overlap. Spans given
/// out are views of the file: they end with <see cref="Dispose"/>, and a mapped file must not be cut short by others meanwhile.
/// Reading is safe from several threads.
/// </remarks>
public sealed unsafe class SafeTensorsFile : ITensorSource, IDisposable
{
    // Taking pages out interrupts every core of the process; below this it costs more than the memory is worth.
    private const int WorthReleasing = 1 << 20;

    private readonly SafeTensorsHeader _header;
    private readonly bool _mapped;
    private IDisposable? _owner;
    private byte* _start;
    private bool _isHead;

    private SafeTensorsFile(SafeTensorsHeader header, byte* start, IDisposable? owner, string? path)
    {
        _mapped = owner is MappedFile;
        _header = header;
        _start = start;
        _owner = owner;
        Path = path;
    }

    /// <summary>The file on disk, or what messages call a file in memory; null when that has no name.</summary>
    public string? Path { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _header.Tensors;

    /// <summary>The header's <c>__metadata__</c>; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Offset in the file at which <see cref="TensorInfo.Begin"/> counts from zero.</summary>
    public long DataStart => _header.DataStart;

    /// <summary>Maps and checks a file of any size.</summary>
    /// <exception cref="SafeTensorsException">It breaks a rule of the format.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeTensorsFile Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.RandomAccess);
        MappedFile? mapped = null;
        try
        {
            // The header is read, not mapped: a file that shrinks meanwhile is an exception here instead of a crash.
            SafeTensorsHeader header = SafeTensorsHeader.Read(stream.Length, (destination, offset) => ReadExactly(stream, destination, offset), path);
            mapped = new MappedFile(stream);
            return new SafeTensorsFile(header, mapped.Start, mapped, path);
        }
        catch
        {
            mapped?.Dispose();
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Checks a file that is in memory; the memory is pinned until <see cref="Dispose"/>.</summary>
    /// <exception cref="SafeTensorsException">It breaks a rule of the format.</exception>
    public static SafeTensorsFile FromMemory(ReadOnlyMemory<byte> file)
    {
        SafeTensorsHeader header = SafeTensorsHeader.Read(file.Length, (destination, offset) => file.Span.Slice((int)offset, destination.Length).CopyTo(destination), null);
        MemoryHandle pin = file.Pin();
        return new SafeTensorsFile(header, (byte*)pin.Pointer, pin, null);
    }

    /// <summary>Checks a file that lies at a fixed address, such as a resource of an assembly.</summary>
    /// <param name="file">Its first byte; must stay valid until <see cref="Dispose"/>.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="owner">Disposed with the instance.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="SafeTensorsException">It breaks a rule of the format.</exception>
    public static SafeTensorsFile FromPointer(byte* file, long length, IDisposable? owner = null, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        SafeTensorsHeader header = SafeTensorsHeader.Read(length, (destination, offset) => new ReadOnlySpan<byte>(file + offset, destination.Length).CopyTo(destination), name);
        return new SafeTensorsFile(header, file, owner, name);
    }

    /// <summary>Checks the head of a file that lies elsewhere, such as on a server. Its tensors can be listed, but not read.</summary>
    /// <param name="head">The file's first bytes, at least up to the end of the header.</param>
    /// <param name="length">Length in bytes of the whole file.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="SafeTensorsException">The header breaks a rule of the format, or does not fit into <paramref name="head"/>.</exception>
    public static SafeTensorsFile FromHead(ReadOnlyMemory<byte> head, long length, string name)
    {
        SafeTensorsHeader header = SafeTensorsHeader.Read(length, (destination, offset) =>
        {
            if (offset + destination.Length > head.Length)
                throw new SafeTensorsException("InvalidHeaderLength", $"the header does not fit into the first {head.Length} bytes", name);
            head.Span.Slice((int)offset, destination.Length).CopyTo(destination);
        }, name);
        return new SafeTensorsFile(header, null, null, name) { _isHead = true };
    }

    /// <summary>Bytes from the start of a file up to the end of its header, by the file's first eight bytes.</summary>
    /// <exception cref="SafeTensorsException">The header is larger than the format allows.</exception>
    public static long HeadLength(ReadOnlySpan<byte> prefix)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        return length <= SafeTensorsHeader.MaxLength
            ? SafeTensorsHeader.PrefixLength + (long)length
            : throw new SafeTensorsException("HeaderTooLarge", $"the header claims {length} bytes; {SafeTensorsHeader.MaxLength} are allowed");
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        TensorInfo tensor = Find(name);
        if (tensor.ByteLength > int.MaxValue)
            throw new SafeTensorsException("TensorTooLarge", $"tensor '{name}' has {tensor.ByteLength} bytes, more than a span can hold; read it in slices", Path);
        return View(tensor, 0, (int)tensor.ByteLength);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length)
    {
        TensorInfo tensor = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, tensor.ByteLength - offset);
        return View(tensor, offset, length);
    }

    /// <inheritdoc/>
    public void ReadFloat32(string name, Span<float> destination)
    {
        TensorInfo tensor = Find(name);
        if (tensor.ElementCount != destination.Length)
            throw new SafeTensorsException("WrongLength", $"tensor '{name}' has {tensor.ElementCount} elements, not {destination.Length}", Path);
        this.ReadFloat32(name, 0, destination);
    }

    /// <inheritdoc/>
    public void Prefetch(string name)
    {
        TensorInfo tensor = Find(name);
        ObjectDisposedException.ThrowIf(_start is null, this);
        if (_mapped)
            MappedPages.Prefetch(_start + _header.DataStart + tensor.Begin, tensor.ByteLength);
    }

    /// <inheritdoc/>
    public void Release(string name, long offset, long length)
    {
        TensorInfo tensor = Find(name);
        ObjectDisposedException.ThrowIf(_start is null, this);
        if (_mapped && tensor.ByteLength >= WorthReleasing)
            MappedPages.Release(_start + _header.DataStart + tensor.Begin + offset, Math.Min(length, tensor.ByteLength - offset));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _start = null;
        _owner?.Dispose();
        _owner = null;
    }

    private ReadOnlySpan<byte> View(TensorInfo tensor, long offset, int length)
    {
        if (_isHead)
            throw new SafeTensorsException("HeaderOnly", $"of this file only the header is here, not tensor '{tensor.Name}'", Path);
        ObjectDisposedException.ThrowIf(_start is null, this);
        return new ReadOnlySpan<byte>(_start + _header.DataStart + tensor.Begin + offset, length);
    }

    private TensorInfo Find(string name) => Tensors.TryGetValue(name, out TensorInfo? tensor)
        ? tensor
        : throw new SafeTensorsException("MissingTensor", $"there is no tensor '{name}'", Path);

    private static void ReadExactly(FileStream stream, Span<byte> destination, long offset)
    {
        for (int done = 0, count; done < destination.Length; done += count)
        {
            count = RandomAccess.Read(stream.SafeFileHandle, destination[done..], offset + done);
            if (count == 0)
                throw new EndOfStreamException($"{stream.Name} became shorter while it was read");
        }
    }
}
