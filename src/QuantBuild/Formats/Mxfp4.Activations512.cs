using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QuantBuild.Formats;

/// <content>The activation path on 512 bits.</content>
internal static unsafe partial class Mxfp4
{
    internal readonly partial record struct ActivationBlock
    {
        /// <summary>Two vectors of sixteen.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Apply512(ref float x, ref float y, int count)
        {
            Vector512<float> tieFactor = Vector512.Create(E2M1.TieFactor(Ties));
            for (nuint at = 0, end = (nuint)count * BlockSize; at < end; at += BlockSize)
            {
                (Vector512<float> low, Vector512<float> high) = Round512(ref Unsafe.Add(ref x, at), tieFactor);
                low.StoreUnsafe(ref y, at);
                high.StoreUnsafe(ref y, at + 16);
            }
        }

        /// <summary>One block, rounded and read back.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private (Vector512<float> Low, Vector512<float> High) Round512(ref float x, Vector512<float> tieFactor)
        {
            Vector512<float> a = Vector512.LoadUnsafe(ref x), b = Vector512.LoadUnsafe(ref x, 16);
            Vector512<int> magnitude = Vector512.Create(0x7FFF_FFFF);
            Vector512<int> wide = Vector512.Max(a.AsInt32() & magnitude, b.AsInt32() & magnitude);
            Vector256<int> half = Vector256.Max(wide.GetLower(), wide.GetUpper());
            float maximum = BitConverter.Int32BitsToSingle(LargestLane(Vector128.Max(half.GetLower(), half.GetUpper())));
            uint bits = BitConverter.SingleToUInt32Bits(maximum * Ratio);
            if (bits - 0x0080_0000 >= 0x7F00_0000)
                return RoundApart(ref x);
            // As in Apply256.
            uint carry = Rule == ScaleRule.Ceil ? 0x003F_FFFFu : 0;
            var scale = (byte)Math.Clamp((int)((bits + carry) >> 23) + ExponentOffset - 2, 0, 254);
            Vector512<float> factor = Vector512.Create(E8M0.Decode(scale)), inverse = Vector512.Create(E8M0.Inverse(scale));
            return (E2M1.RoundNumbers(a * inverse, tieFactor) * factor, E2M1.RoundNumbers(b * inverse, tieFactor) * factor);
        }

        /// <summary>Zero, subnormal, infinite, or a NaN among the elements.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private (Vector512<float> Low, Vector512<float> High) RoundApart(ref float x)
        {
            Span<float> values = stackalloc float[BlockSize];
            ref float first = ref MemoryMarshal.GetReference(values);
            ApplyScalar(ref x, ref first, 1);
            return (Vector512.LoadUnsafe(ref first), Vector512.LoadUnsafe(ref first, 16));
        }
    }
}
