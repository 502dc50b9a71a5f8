using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace QuantBuild.SafeTensors;

/// <summary>A safetensors file, open for reading: by its handle, mapped from disk, or lying in memory.</summary>
/// <remarks>
/// Everything the header claims is checked before an instance exists, so tensors lie inside the file and never overlap. Spans given
/// out end with <see cref="Dispose"/>. Reading is safe from several threads.
/// </remarks>
public sealed unsafe class SafeTensorsFile : ITensorSource, IDisposable
{
    private readonly SafeTensorsHeader _header;
    private readonly bool _isHead;
    private IFileContent? _content;

    private SafeTensorsFile(SafeTensorsHeader header, IFileContent? content, string? path)
    {
        _header = header;
        _content = content;
        _isHead = content is null;
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

    /// <summary>
    /// Opens and checks a file of any size. It is read through its handle, so that others may replace it, and cutting it short is an
    /// exception.
    /// </summary>
    /// <exception cref="SafeTensorsException">It breaks a rule of the format.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeTensorsFile Open(string path) => Open(path, file => new HandleContent(file, path));

    /// <summary>
    /// Maps and checks a file of any size: views of its tensors cost nothing. For files that nobody writes to while they are open, such as
    /// an artifact's: reading a mapped file that was cut short ends the process.
    /// </summary>
    /// <exception cref="SafeTensorsException">It breaks a rule of the format.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeTensorsFile Map(string path) => Open(path, file =>
    {
        var mapped = new MappedFile(file);
        return new MemoryContent(mapped.Start, mapped);
    });

    /// <summary>Checks a file that is in memory; the memory is pinned until <see cref="Dispose"/>.</summary>
    /// <exception cref="SafeTensorsException">It breaks a rule of the format.</exception>
    public static SafeTensorsFile FromMemory(ReadOnlyMemory<byte> file)
    {
        SafeTensorsHeader header =
            SafeTensorsHeader.Read(file.Length, (destination, offset) => file.Span.Slice((int)offset, destination.Length)
                .CopyTo(destination), null);
        MemoryHandle pin = file.Pin();
        return new SafeTensorsFile(header, new MemoryContent((byte*)pin.Pointer, pin), null);
    }

    /// <summary>Checks a file that lies at a fixed address, such as a resource of an assembly.</summary>
    /// <param name="file">Its first byte; must stay valid until <see cref="Dispose"/>.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="owner">Disposed with the instance.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="SafeTensorsException">It breaks a rule of the format.</exception>
    internal static SafeTensorsFile FromPointer(byte* file, long length, IDisposable? owner = null, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        SafeTensorsHeader header =
            SafeTensorsHeader.Read(length, (destination, offset) =>
                new ReadOnlySpan<byte>(file + offset, destination.Length).CopyTo(destination), name);
        return new SafeTensorsFile(header, new MemoryContent(file, owner), name);
    }

    /// <summary>Tensors of a file of another format, whose reader has checked that they lie inside it.</summary>
    /// <param name="tensors">The tensors; their offsets count from the begin of the file.</param>
    /// <param name="content">The file; disposed with the instance.</param>
    /// <param name="path">The file.</param>
    internal static SafeTensorsFile OfTensors(IReadOnlyDictionary<string, TensorInfo> tensors, HandleContent content, string path) =>
        new(new SafeTensorsHeader(tensors, new Dictionary<string, string>(), DataStart: 0), content, path);

    /// <summary>Checks the head of a file that lies elsewhere, such as on a server. Its tensors can be listed, but not read.</summary>
    /// <param name="head">The file's first bytes, at least up to the end of the header.</param>
    /// <param name="length">Length in bytes of the whole file.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="SafeTensorsException">
    /// The header breaks a rule of the format, or does not fit into <paramref name="head"/>.
    /// </exception>
    internal static SafeTensorsFile FromHead(ReadOnlyMemory<byte> head, long length, string name)
    {
        SafeTensorsHeader header = SafeTensorsHeader.Read(length, (destination, offset) =>
        {
            if (offset + destination.Length > head.Length)
                throw new SafeTensorsException("InvalidHeaderLength", $"the header does not fit into the first {head.Length} bytes", name);
            head.Span.Slice((int)offset, destination.Length).CopyTo(destination);
        }, name);
        return new SafeTensorsFile(header, null, name);
    }

    /// <summary>
    /// Bytes from the start of a file up to the end of its header, by the file's first bytes, at least eight; more of them tell what else
    /// it is.
    /// </summary>
    /// <exception cref="SafeTensorsException">The header is larger than the format allows.</exception>
    internal static long HeadLength(ReadOnlySpan<byte> prefix)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        return length <= SafeTensorsHeader.MaxLength
            ? SafeTensorsHeader.PrefixLength + (long)length
            : throw new SafeTensorsException("HeaderTooLarge", ForeignFile.Describe(prefix) is { } kind
                ? $"this is no safetensors file but {kind}"
                : $"the header claims {length} bytes; {SafeTensorsHeader.MaxLength} are allowed");
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        TensorInfo tensor = Find(name);
        if (tensor.ByteLength > int.MaxValue)
            throw new SafeTensorsException("TensorTooLarge",
                $"tensor '{name}' has {tensor.ByteLength} bytes, more than a span can hold; read it in slices", Path);
        return View(tensor, 0, (int)tensor.ByteLength);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length) => View(Part(name, offset, length), offset, length);

    /// <inheritdoc/>
    public void Read(string name, long offset, Span<byte> destination)
    {
        TensorInfo tensor = Part(name, offset, destination.Length);
        Content(tensor).Read(_header.DataStart + tensor.Begin + offset, destination);
    }

    /// <inheritdoc/>
    public void ReadFloat32(string name, Span<float> destination)
    {
        TensorInfo tensor = Find(name);
        if (tensor.ElementCount != destination.Length)
            throw new SafeTensorsException("WrongLength", $"tensor '{name}' has {tensor.ElementCount} elements, not {destination.Length}",
                Path);
        this.ReadFloat32(name, 0, destination);
    }

    /// <inheritdoc/>
    public void Prefetch(string name)
    {
        TensorInfo tensor = Find(name);
        Content(tensor).Prefetch(_header.DataStart + tensor.Begin, tensor.ByteLength);
    }

    /// <inheritdoc/>
    public void Release(string name, long offset, long length)
    {
        TensorInfo tensor = Find(name);
        Content(tensor).Release(_header.DataStart + tensor.Begin + offset, Math.Min(length, tensor.ByteLength - offset));
    }

    /// <summary>The open file when it is read through its handle; else null.</summary>
    internal SafeFileHandle? Handle => (_content as HandleContent)?.File;

    /// <inheritdoc/>
    public void Dispose()
    {
        _content?.Dispose();
        _content = null;
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope",
        Justification = "The result owns the file, which the content of the head only looks at.")]
    private static SafeTensorsFile Open(string path, Func<SafeFileHandle, IFileContent> contentOf)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        try
        {
            // The header is read, not mapped: a file that shrinks meanwhile is an exception here instead of a crash.
            var head = new HandleContent(file, path);
            SafeTensorsHeader header = SafeTensorsHeader.Read(RandomAccess.GetLength(file), (destination, offset) =>
                head.Read(offset, destination), path);
            return new SafeTensorsFile(header, contentOf(file), path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private ReadOnlySpan<byte> View(TensorInfo tensor, long offset, int length) =>
        Content(tensor).View(_header.DataStart + tensor.Begin + offset, length);

    private IFileContent Content(TensorInfo tensor)
    {
        if (_isHead)
            throw new SafeTensorsException("HeaderOnly", $"of this file only the header is here, not tensor '{tensor.Name}'", Path);
        ObjectDisposedException.ThrowIf(_content is null, this);
        return _content;
    }

    private TensorInfo Part(string name, long offset, int length)
    {
        TensorInfo tensor = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, tensor.ByteLength - offset);
        return tensor;
    }

    private TensorInfo Find(string name) => Tensors.TryGetValue(name, out TensorInfo? tensor)
        ? tensor
        : throw new SafeTensorsException("MissingTensor", $"there is no tensor '{name}'", Path);
}
