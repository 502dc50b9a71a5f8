using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace QuantBuild.SafeTensors;

/// <summary>The head of a safetensors file, checked against every rule of the format before anything trusts it.</summary>
/// <param name="Tensors">Entries by name.</param>
/// <param name="Metadata">The <c>__metadata__</c> map; empty when there is none.</param>
/// <param name="DataStart">Offset in the file of the first data byte.</param>
internal sealed record SafeTensorsHeader(
    IReadOnlyDictionary<string, TensorInfo> Tensors, IReadOnlyDictionary<string, string> Metadata, long DataStart)
{
    /// <summary>Largest header the format's reference implementation reads or writes.</summary>
    public const int MaxLength = 100_000_000;

    // Sums over the tensors of some files, of float32 copies even, stay within 64 bits.
    private const long LargestFile = 1L << 56;

    /// <summary>Bytes of the length field before the header.</summary>
    public const int PrefixLength = 8;

    /// <summary>Name of the entry that is not a tensor.</summary>
    public const string MetadataKey = "__metadata__";

    /// <summary>Reads and checks a header.</summary>
    /// <param name="fileLength">Length of the whole file.</param>
    /// <param name="read">Fills the span with the bytes at an offset of the file.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="SafeTensorsException">
    /// A rule is broken; the rule names are those of the reference implementation where it has one.
    /// </exception>
    public static SafeTensorsHeader Read(long fileLength, ReadAt read, string? path)
    {
        if (fileLength > LargestFile)
            throw new SafeTensorsException("FileTooLarge", $"{fileLength} bytes are more than any file has", path);
        if (fileLength < PrefixLength)
            throw Foreign("HeaderTooSmall", $"{fileLength} bytes are too few for a safetensors file");
        Span<byte> prefix = stackalloc byte[PrefixLength];
        read(prefix, 0);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        // Both limits hold before the header is given memory.
        if (length > MaxLength)
            throw Foreign("HeaderTooLarge", $"the header claims {length} bytes; {MaxLength} are allowed");
        if ((long)length > fileLength - PrefixLength)
            throw Foreign("InvalidHeaderLength", $"the header claims {length} bytes in a file of {fileLength}");
        var json = new byte[length];
        read(json, PrefixLength);

        if (!Utf8.IsValid(json))
            throw Foreign("InvalidHeader", "the header is not UTF-8");
        // A first byte other than '{' marks files that are also something else, such as archives.
        if (json is not [(byte)'{', ..])
            throw Foreign("InvalidHeaderStart", "the header does not begin with '{'");
        var parser = new SafeTensorsHeaderParser(path);
        try
        {
            parser.Parse(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is how the JSON reader reports an escaped half of a surrogate pair.
            throw new SafeTensorsException("InvalidHeaderDeserialization", $"the header is not valid JSON: {e.Message}", path, e);
        }
        long dataStart = PrefixLength + (long)length;
        Layout(parser.InOrder, fileLength - dataStart, path);
        return new SafeTensorsHeader(parser.Tensors.AsReadOnly(), parser.Metadata.AsReadOnly(), dataStart);

        // What has no header of the format is usually another file under its name.
        SafeTensorsException Foreign(string rule, string otherwise)
        {
            var start = new byte[Math.Min(fileLength, ForeignFile.Sample)];
            read(start, 0);
            return new SafeTensorsException(rule, ForeignFile.Describe(start) is { } kind
                ? $"this is no safetensors file but {kind}"
                : otherwise, path);
        }
    }

    /// <summary>Fills a span with the bytes at an offset.</summary>
    public delegate void ReadAt(Span<byte> destination, long offset);

    /// <summary>Checks that the tensors fill the data buffer exactly, each with as many bytes as its shape says.</summary>
    private static void Layout(List<TensorInfo> tensors, long dataLength, string? path)
    {
        SortByOffset(tensors);
        long end = 0;
        foreach (TensorInfo tensor in tensors)
        {
            if (tensor.Begin != end || tensor.End < tensor.Begin)
            {
                throw new SafeTensorsException("InvalidOffset",
                    $"tensor '{tensor.Name}' has the offsets [{tensor.Begin}, {tensor.End}] where its data must begin at {end}", path);
            }
            end = tensor.End;
            if (!TryBits(tensor, out ulong bits))
                throw new SafeTensorsException("ValidationOverflow", $"the shape of tensor '{tensor.Name}' is too large", path);
            if (bits % 8 != 0)
                throw new SafeTensorsException("MisalignedSlice",
                    $"tensor '{tensor.Name}' has {bits} bits, which is no whole number of bytes", path);
            if (bits / 8 != (ulong)tensor.ByteLength)
            {
                throw new SafeTensorsException("TensorInvalidInfo",
                    $"tensor '{tensor.Name}' takes {bits / 8} bytes by its shape and {tensor.ByteLength} by its offsets", path);
            }
        }
        if (end != dataLength)
        {
            throw new SafeTensorsException("MetadataIncompleteBuffer",
                $"the tensors take {end} bytes, but {dataLength} follow the header; the file is "
                    + $"{(end > dataLength ? "truncated" : "too long")}", path);
        }
    }

    /// <summary>Most files are in order already, and comparing a million entries with each other takes longer than reading them.</summary>
    private static void SortByOffset(List<TensorInfo> tensors)
    {
        for (int i = 1; i < tensors.Count; i++)
        {
            if (Compare(tensors[i - 1], tensors[i]) <= 0)
                continue;
            tensors.Sort(Compare);
            return;
        }

        static int Compare(TensorInfo a, TensorInfo b) =>
            a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End);
    }

    private static bool TryBits(TensorInfo tensor, out ulong bits)
    {
        try
        {
            bits = (ulong)tensor.DType.Bits();
            ulong elements = 1;
            for (int i = 0; i < tensor.Shape.Count; i++)
                elements = checked(elements * (ulong)tensor.Shape[i]);
            bits = checked(bits * elements);
            return true;
        }
        catch (OverflowException)
        {
            bits = 0;
            return false;
        }
    }
}
