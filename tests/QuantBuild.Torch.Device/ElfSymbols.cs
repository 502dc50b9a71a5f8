using System.Buffers.Binary;
using System.Text;

namespace QuantBuild.DeviceTable;

/// <summary>What a library of Linux x64 asks others for: the undefined symbols of its dynamic table.</summary>
internal static class ElfSymbols
{
    private const int SectionsAt = 0x28, SectionSizeAt = 0x3A, SectionCountAt = 0x3C;
    private const int SectionTypeAt = 0x04, SectionOffsetAt = 0x18, SectionLengthAt = 0x20, SectionLinkAt = 0x28;
    private const int DynamicSymbols = 11;
    private const int SymbolSize = 24, SymbolInfoAt = 4, SymbolSectionAt = 6;
    private const int Global = 1;
    private const int ThreadLocal = 6;

    /// <summary>Names of symbols that it needs; those that it can do without are not among them.</summary>
    /// <param name="file">The library.</param>
    /// <exception cref="InvalidDataException">The file is no such library.</exception>
    public static IReadOnlyList<string> NeededBy(string file)
    {
        byte[] elf = File.ReadAllBytes(file);
        if (elf.Length < 64 || !elf.AsSpan(0, 5).SequenceEqual("\u007fELF\u0002"u8))
            throw new InvalidDataException($"{file} is no 64-bit ELF file");
        int sections = (int)Long(elf, SectionsAt), size = Short(elf, SectionSizeAt), count = Short(elf, SectionCountAt);
        var names = new List<string>();
        for (int section = sections; section < sections + (size * count); section += size)
        {
            if (Int(elf, section + SectionTypeAt) != DynamicSymbols)
                continue;
            int strings = (int)Long(elf, sections + (size * Int(elf, section + SectionLinkAt)) + SectionOffsetAt);
            int first = (int)Long(elf, section + SectionOffsetAt), length = (int)Long(elf, section + SectionLengthAt);
            for (int symbol = first; symbol < first + length; symbol += SymbolSize)
            {
                byte info = elf[symbol + SymbolInfoAt];
                if (Short(elf, symbol + SymbolSectionAt) == 0 && info >> 4 == Global && (info & 15) != ThreadLocal)
                    names.Add(Text(elf, strings + Int(elf, symbol)));
            }
        }
        return names;
    }

    private static string Text(byte[] elf, int at) => Encoding.ASCII.GetString(elf.AsSpan(at, elf.AsSpan(at).IndexOf((byte)0)));

    private static long Long(byte[] elf, int at) => BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(at));

    private static int Int(byte[] elf, int at) => BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(at));

    private static int Short(byte[] elf, int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(at));
}
