using System.Buffers.Binary;
using System.Text;
using QuantBuild.SafeTensors;

namespace QuantBuild.Pickles;

/// <summary>An entry of a zip archive that is stored as it is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Offset">Offset in the file of its first byte.</param>
/// <param name="Length">Its length in bytes.</param>
internal readonly record struct ZipEntry(string Name, long Offset, long Length);

/// <summary>
/// The directory of a zip archive as PyTorch writes it (APPNOTE 4.3, with zip64): entries stored without compression, so that tensors can
/// be read where they are. System.IO.Compression does not tell where an entry's bytes lie.
/// </summary>
/// <param name="file">The file's bytes.</param>
/// <param name="length">Its length.</param>
/// <param name="path">For messages.</param>
internal sealed class ZipDirectory(IFileContent file, long length, string path)
{
    private const int EndLength = 22;
    private const int LocatorLength = 20;
    private const int End64Length = 56;
    private const int CentralLength = 46;
    private const int LocalLength = 30;
    private const int LongestComment = ushort.MaxValue;
    private const int MostBytes = 1 << 28;

    /// <summary>The entries, in the order of their bytes in the file.</summary>
    /// <exception cref="SafeTensorsException">It is no such archive, an entry is compressed, or entries overlap.</exception>
    public IReadOnlyList<ZipEntry> Read()
    {
        (long count, long size, long offset) = End();
        if (size < 0 || offset < 0 || size > MostBytes || offset > length - size || count > size / CentralLength)
            throw Fault($"its directory claims {count} entries in {size} bytes at {offset} of a file of {length}");
        byte[] directory = Bytes(offset, (int)size);
        var entries = new List<ZipEntry>((int)count);
        int at = 0;
        for (long i = 0; i < count; i++)
            entries.Add(Entry(directory, ref at));
        ZipEntry[] inOrder = [.. entries.OrderBy(entry => entry.Offset)];
        for (int i = 1; i < inOrder.Length; i++)
        {
            if (inOrder[i].Offset < inOrder[i - 1].Offset + inOrder[i - 1].Length)
                throw Fault($"the entries '{inOrder[i - 1].Name}' and '{inOrder[i].Name}' overlap");
        }
        return inOrder;
    }

    private (long Count, long Size, long Offset) End()
    {
        int tail = (int)Math.Min(length, EndLength + LongestComment);
        byte[] bytes = Bytes(length - tail, tail);
        for (int at = tail - EndLength; at >= 0; at--)
        {
            ReadOnlySpan<byte> end = bytes.AsSpan(at);
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) != 0x06054b50 || at + EndLength + U16(end, 20) != tail)
                continue;
            (long count, long size, long offset) = (U16(end, 10), U32(end, 12), U32(end, 16));
            bool is64 = count == ushort.MaxValue || size == uint.MaxValue || offset == uint.MaxValue;
            return is64 ? End64(length - tail + at - LocatorLength) : (count, size, offset);
        }
        throw Fault("it has no directory at its end: it is no zip archive, or was cut short");
    }

    private (long Count, long Size, long Offset) End64(long locator)
    {
        if (locator < 0)
            throw Fault("its 64-bit directory is missing");
        byte[] bytes = Bytes(locator, LocatorLength);
        long at = (long)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8));
        if (U32(bytes, 0) != 0x07064b50 || at < 0 || at > length - End64Length)
            throw Fault("its 64-bit directory cannot be found");
        byte[] end = Bytes(at, End64Length);
        if (U32(end, 0) != 0x06064b50)
            throw Fault("its 64-bit directory cannot be found");
        return (I64(end, 32), I64(end, 40), I64(end, 48));
    }

    private ZipEntry Entry(byte[] directory, ref int at)
    {
        if (at > directory.Length - CentralLength || U32(directory, at) != 0x02014b50)
            throw Fault("its directory is damaged");
        ReadOnlySpan<byte> head = directory.AsSpan(at, CentralLength);
        int nameLength = U16(head, 28), extraLength = U16(head, 30), commentLength = U16(head, 32);
        int next = at + CentralLength + nameLength + extraLength + commentLength;
        if (next > directory.Length)
            throw Fault("its directory is damaged");
        string name = Encoding.UTF8.GetString(directory, at + CentralLength, nameLength);
        (long packed, long size, long offset) = (U32(head, 20), U32(head, 24), U32(head, 42));
        Wide(directory.AsSpan(at + CentralLength + nameLength, extraLength), ref size, ref packed, ref offset);
        at = next;
        if (U16(head, 10) != 0 || packed != size)
            throw Fault($"the entry '{name}' is compressed; PyTorch stores tensors as they are");
        if ((U16(head, 8) & 1) != 0)
            throw Fault($"the entry '{name}' is encrypted");
        if (offset < 0 || offset > length - LocalLength)
            throw Fault($"the entry '{name}' lies outside the file");
        byte[] local = Bytes(offset, LocalLength);
        long data = offset + LocalLength + U16(local, 26) + U16(local, 28);
        if (U32(local, 0) != 0x04034b50 || size < 0 || data > length - size)
            throw Fault($"the entry '{name}' lies outside the file");
        return new ZipEntry(name, data, size);
    }

    /// <summary>Values that do not fit 32 bits: extra field 1, in a fixed order, only those that are needed.</summary>
    private static void Wide(ReadOnlySpan<byte> extra, ref long size, ref long packed, ref long offset)
    {
        while (extra.Length >= 4)
        {
            int id = U16(extra, 0), count = Math.Min(U16(extra, 2), extra.Length - 4);
            if (id == 1)
            {
                ReadOnlySpan<byte> values = extra.Slice(4, count);
                Take(ref values, ref size);
                Take(ref values, ref packed);
                Take(ref values, ref offset);
                return;
            }
            extra = extra[(4 + count)..];
        }

        static void Take(ref ReadOnlySpan<byte> values, ref long value)
        {
            if (value != uint.MaxValue || values.Length < 8)
                return;
            value = BinaryPrimitives.ReadInt64LittleEndian(values);
            values = values[8..];
        }
    }

    private byte[] Bytes(long offset, int count)
    {
        var bytes = new byte[count];
        file.Read(offset, bytes);
        return bytes;
    }

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static long U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private SafeTensorsException Fault(string reason) => PthException.Archive(path, reason);
}
