using System.Collections.Frozen;

namespace QuantBuild.SafeTensors;

/// <summary>What the format says about its element types.</summary>
internal static class DTypeExtensions
{
    private static readonly FrozenDictionary<string, DType> ByName =
        Enum.GetValues<DType>().ToFrozenDictionary(type => type.ToString(), StringComparer.Ordinal);

    /// <summary>Size of one element in bits; below 8 for the packed types.</summary>
    public static int Bits(this DType type) => type switch
    {
        DType.C64 or DType.F64 or DType.I64 or DType.U64 => 64,
        DType.F32 or DType.I32 or DType.U32 => 32,
        DType.F16 or DType.BF16 or DType.I16 or DType.U16 => 16,
        DType.F6_E2M3 or DType.F6_E3M2 => 6,
        DType.F4 => 4,
        _ => 8,
    };

    /// <summary>Finds a type by the name it has in a header; exact case, no numbers.</summary>
    internal static bool TryParse(string name, out DType type) => ByName.TryGetValue(name, out type);
}
