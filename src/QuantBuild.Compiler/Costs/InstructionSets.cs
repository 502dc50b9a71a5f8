using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Compiler.Costs;

/// <summary>The vector instructions that kernels may use.</summary>
/// <param name="Architecture">The processor's, such as <c>X64</c>.</param>
/// <param name="Wide">Whether there are products of 512 bits (AVX-512F and BW).</param>
/// <param name="Usual">Whether there are products of 256 bits (AVX2 and FMA).</param>
internal readonly record struct InstructionSets(string Architecture, bool Wide, bool Usual)
{
    /// <summary>Those of this process: switches such as DOTNET_EnableAVX2=0 count.</summary>
    public static InstructionSets OfProcess() => new(RuntimeInformation.ProcessArchitecture.ToString(),
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported && Avx512BW.IsSupported, Avx2.IsSupported && Fma.IsSupported);
}
