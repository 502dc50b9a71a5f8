using QuantBuild.Kernels;

namespace QuantBuild.Sampling;

/// <summary>Normally distributed numbers from a seed, those of <c>torch.randn</c> with a CPU generator to float32 rounding.</summary>
/// <remarks>
/// The uniform numbers are the low 24 bits of a 32-bit Mersenne Twister (Matsumoto and Nishimura, 1998).  They become normal in groups of
/// sixteen by the Box-Muller transform, number i with number i + 8; a last group that is not full is drawn anew, over the last sixteen.
/// </remarks>
internal static class GaussianNoise
{
    private const int Group = 16;

    /// <summary>Draws numbers.</summary>
    /// <param name="seed">The seed; the generator uses its low 32 bits.</param>
    /// <param name="count">How many, at least sixteen.</param>
    public static float[] Draw(long seed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, Group);
        var generator = new MersenneTwister((uint)seed);
        var values = new float[count];
        foreach (ref float value in values.AsSpan())
            value = generator.NextUniform();
        for (int first = 0; first <= count - Group; first += Group)
            Transform(values.AsSpan(first, Group));
        if (count % Group != 0)
        {
            Span<float> last = values.AsSpan(count - Group);
            foreach (ref float value in last)
                value = generator.NextUniform();
            Transform(last);
        }
        return values;
    }

    private static void Transform(Span<float> group)
    {
        for (int i = 0; i < Group / 2; i++)
        {
            double radius = Math.Sqrt(-2 * DeterministicMath.Log(1 - group[i]));
            double angle = 2 * Math.PI * group[i + (Group / 2)];
            group[i] = (float)(radius * DeterministicMath.Cos(angle));
            group[i + (Group / 2)] = (float)(radius * DeterministicMath.Sin(angle));
        }
    }

    private struct MersenneTwister
    {
        private const int Size = 624;
        private const int Shift = 397;

        private readonly uint[] _state = new uint[Size];
        private int _next = Size;

        public MersenneTwister(uint seed)
        {
            _state[0] = seed;
            for (uint i = 1; i < Size; i++)
                _state[i] = unchecked((1812433253 * (_state[i - 1] ^ (_state[i - 1] >> 30))) + i);
        }

        /// <summary>A multiple of 2^-24 from 0 up to, not including, 1.</summary>
        public float NextUniform() => (Next() & 0xFFFFFF) * (1f / (1 << 24));

        private uint Next()
        {
            if (_next == Size)
                Refill();
            uint y = _state[_next++];
            y ^= y >> 11;
            y ^= (y << 7) & 0x9D2C5680;
            y ^= (y << 15) & 0xEFC60000;
            return y ^ (y >> 18);
        }

        private void Refill()
        {
            for (int i = 0; i < Size; i++)
            {
                uint y = (_state[i] & 0x80000000) | (_state[(i + 1) % Size] & 0x7FFFFFFF);
                _state[i] = _state[(i + Shift) % Size] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908B0DF : 0);
            }
            _next = 0;
        }
    }
}
