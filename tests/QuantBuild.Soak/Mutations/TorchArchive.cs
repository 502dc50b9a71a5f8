using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace QuantBuild.Soak.Mutations;

/// <summary>A storage of an archive: its kind in Python, and its bytes.</summary>
/// <param name="Kind">Such as <c>FloatStorage</c>.</param>
/// <param name="Width">Bytes of an element.</param>
/// <param name="Bytes">The content.</param>
internal sealed record TorchStorage(string Kind, int Width, byte[] Bytes);

/// <summary>Writes what <c>torch.save</c> writes for a state dict: a zip archive of stored entries with a pickle of protocol 2.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A stream in memory.")]
internal sealed class TorchArchive
{
    private readonly MemoryStream _pickle = new();
    private readonly List<TorchStorage> _storages = [];

    public TorchArchive()
    {
        Bytes(0x80, 2);
        OrderedDict();
        Bytes((byte)'(');
    }

    /// <summary>Whether entries and directory are written with 64-bit sizes, as those of files above 4 GiB are.</summary>
    public bool Is64 { get; init; }

    /// <summary>Name of the folder in the archive.</summary>
    public string Root { get; init; } = "archive";

    /// <summary>The pickle so far; what is written to it comes next.</summary>
    public Stream Pickle => _pickle;

    /// <summary>Adds a contiguous tensor with a storage of its own.</summary>
    public TorchArchive Add(string name, TorchStorage storage, params long[] shape)
    {
        _storages.Add(storage);
        Text(name);
        Tensor(_storages.Count - 1, storage, 0, shape, Contiguous(shape));
        return this;
    }

    /// <summary>Adds a tensor over a storage that is there already.</summary>
    public TorchArchive View(string name, int storage, long offset, long[] shape, long[]? strides = null)
    {
        Text(name);
        Tensor(storage, _storages[storage], offset, shape, strides ?? Contiguous(shape));
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToFile()
    {
        // Versions of the modules, with which Python's object is built.
        Bytes((byte)'u', (byte)'}');
        Text("_metadata");
        OrderedDict();
        Bytes((byte)'s', (byte)'b', (byte)'.');
        List<(string, byte[])> entries = [("data.pkl", _pickle.ToArray()), ("byteorder", "little"u8.ToArray())];
        entries.AddRange(_storages.Select((storage, i) => ($"data/{i}", storage.Bytes)));
        entries.Add(("version", "3\n"u8.ToArray()));
        return Zip([.. entries.Select(entry => ($"{Root}/{entry.Item1}", entry.Item2))], Is64);
    }

    /// <summary>A zip archive of stored entries.</summary>
    public static byte[] Zip(IReadOnlyList<(string Name, byte[] Content)> entries, bool is64 = false)
    {
        var file = new MemoryStream();
        var directory = new MemoryStream();
        foreach ((string name, byte[] content) in entries)
        {
            byte[] text = Encoding.UTF8.GetBytes(name);
            long offset = file.Position;
            uint size = is64 ? uint.MaxValue : (uint)content.Length;
            Write(file, 0x04034b50u, (ushort)45, (ushort)0, (ushort)0, 0u, 0u, size, size, (ushort)text.Length, (ushort)(is64 ? 20 : 0));
            file.Write(text);
            if (is64)
                Write(file, (ushort)1, (ushort)16, (long)content.Length, (long)content.Length);
            file.Write(content);
            Write(directory, 0x02014b50u, (ushort)45, (ushort)45, (ushort)0, (ushort)0, 0u, 0u, size, size, (ushort)text.Length,
                (ushort)(is64 ? 28 : 0), (ushort)0, (ushort)0, (ushort)0, 0u, is64 ? uint.MaxValue : (uint)offset);
            directory.Write(text);
            if (is64)
                Write(directory, (ushort)1, (ushort)24, (long)content.Length, (long)content.Length, offset);
        }
        long start = file.Position;
        file.Write(directory.ToArray());
        if (is64)
        {
            long end = file.Position;
            Write(file, 0x06064b50u, 44L, (ushort)45, (ushort)45, 0u, 0u, (long)entries.Count, (long)entries.Count, directory.Length,
                start);
            Write(file, 0x07064b50u, 0u, end, 1u);
        }
        Write(file, 0x06054b50u, (ushort)0, (ushort)0, is64 ? ushort.MaxValue : (ushort)entries.Count,
            is64 ? ushort.MaxValue : (ushort)entries.Count, is64 ? uint.MaxValue : (uint)directory.Length,
            is64 ? uint.MaxValue : (uint)start, (ushort)0);
        return file.ToArray();
    }

    /// <summary>A small file that the reader reads.</summary>
    public static byte[] Small() => new TorchArchive()
        .Add("a.weight", new TorchStorage("FloatStorage", 4, new byte[24]), 2, 3)
        .Add("b", new TorchStorage("BFloat16Storage", 2, new byte[8]), 4)
        .View("c", 1, 1, [3])
        .ToFile();

    private static long[] Contiguous(long[] shape)
    {
        var strides = new long[shape.Length];
        long next = 1;
        for (int i = shape.Length - 1; i >= 0; next *= shape[i--])
            strides[i] = next;
        return strides;
    }

    private void Tensor(int key, TorchStorage storage, long offset, long[] shape, long[] strides)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Bytes((byte)'(', (byte)'(');
        Text("storage");
        Global("torch", storage.Kind);
        Text($"{key}");
        Text("cpu");
        Number(storage.Bytes.Length / storage.Width);
        Bytes((byte)'t', (byte)'Q');
        Number(offset);
        Tuple(shape);
        Tuple(strides);
        Bytes(0x89);
        OrderedDict();
        Bytes((byte)'t', (byte)'R');
    }

    private void OrderedDict()
    {
        Global("collections", "OrderedDict");
        Bytes((byte)')', (byte)'R');
    }

    private void Tuple(long[] values)
    {
        Bytes((byte)'(');
        foreach (long value in values)
            Number(value);
        Bytes((byte)'t');
    }

    private void Number(long value)
    {
        if (value is >= 0 and < 256)
            Bytes((byte)'K', (byte)value);
        else if (value is >= int.MinValue and <= int.MaxValue)
            Write(_pickle, (byte)'J', (int)value);
        else
            Write(_pickle, (byte)0x8a, (byte)8, value);
    }

    private void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Write(_pickle, (byte)'X', bytes.Length);
        _pickle.Write(bytes);
    }

    private void Global(string module, string name) => _pickle.Write(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));

    private void Bytes(params ReadOnlySpan<byte> bytes) => _pickle.Write(bytes);

    private static void Write(Stream stream, params ReadOnlySpan<object> values)
    {
        Span<byte> bytes = stackalloc byte[8];
        foreach (object value in values)
        {
            int width = value switch { byte => 1, ushort => 2, uint or int => 4, _ => 8 };
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value switch
            {
                byte small => small,
                ushort medium => medium,
                uint large => large,
                int signed => signed,
                _ => (long)value,
            });
            stream.Write(bytes[..width]);
        }
    }
}
