using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Kernels;

/// <summary>Caches that a core of this machine has or shares, in bytes.</summary>
/// <param name="SecondLevel">Of the second level.</param>
/// <param name="LastLevel">Of the third level; of the second where there is no third.</param>
internal readonly record struct CacheSizes(long SecondLevel, long LastLevel)
{
    private const int TypeMask = 31, Instructions = 2;

    /// <summary>What this processor says of itself.</summary>
    public static CacheSizes Here { get; } = X86Base.IsSupported ? Read() : Common;

    /// <summary>For a processor that does not say: what the blocks were tuned on.</summary>
    public static CacheSizes Common => new(1 << 20, 32 << 20);

    /// <summary>
    /// Leaf 4 of CPUID (Intel SDM, vol. 2A) or leaf 0x8000001D (AMD64 manual, vol. 3, E.4.15), which have the same form.
    /// </summary>
    private static CacheSizes Read()
    {
        const int VendorAmd = 0x444d4163, VendorHygon = 0x656e6975; // "cAMD" and "uine", the last of the name's three parts
        (int most, _, int vendor, _) = X86Base.CpuId(0, 0);
        int mostExtended = X86Base.CpuId(int.MinValue, 0).Eax;
        int leaf = vendor is VendorAmd or VendorHygon ? unchecked((int)0x8000001D) : 4;
        if (leaf > (leaf < 0 ? mostExtended : most))
            return Common;

        long second = 0, third = 0;
        for (int index = 0; index < 16; index++)
        {
            (int kind, int shape, int sets, _) = X86Base.CpuId(leaf, index);
            if ((kind & TypeMask) == 0)
                break;
            int level = (kind >> 5) & 7;
            long bytes = ((shape & 0xFFFL) + 1) * (((shape >> 12) & 0x3FFL) + 1) * (((shape >> 22) & 0x3FFL) + 1) * ((uint)sets + 1L);
            if ((kind & TypeMask) == Instructions)
                continue;
            if (level == 2)
                second = bytes;
            else if (level == 3)
                third = bytes;
        }
        return second == 0 ? Common : new CacheSizes(second, Math.Max(second, third));
    }
}
