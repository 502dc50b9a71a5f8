using System.Numerics;
using QuantBuild.Kernels;

namespace QuantBuild.Tests.Kernels;

public unsafe class HadamardTests
{
    private const int Blocks = 5;

    [Fact]
    public void Scalar_and_vector_ways_agree_to_the_bit()
    {
        float[] values = ScalarSpecification.Random(3, Blocks * Hadamard.Block, 40), scalar = [.. values], vector = [.. values];
        fixed (float* a = scalar, b = vector)
        {
            Hadamard.ApplyScalar(a, scalar.Length);
            Hadamard.ApplyVector(b, vector.Length);
        }

        Assert.Equal(scalar, vector);
        Assert.Equal(scalar, Transformed(values));
    }

    [Fact]
    public void It_is_the_matrix_of_signs_in_Sylvesters_order()
    {
        float[] values = ScalarSpecification.Random(4, Blocks * Hadamard.Block);

        float[] actual = Transformed(values);

        for (int i = 0; i < values.Length; i++)
        {
            int first = i / Hadamard.Block * Hadamard.Block;
            double expected = Enumerable.Range(0, Hadamard.Block)
                .Sum(j => (BitOperations.PopCount((uint)(j & (i - first))) % 2 == 0 ? 1 : -1) * (double)values[first + j]);
            Assert.Equal(expected, actual[i], 1e-5);
            Assert.Equal(expected, Enumerable.Range(0, Hadamard.Block)
                .Sum(j => Hadamard.Matrix()[(j * Hadamard.Block) + i - first] * (double)values[first + j]), 1e-12);
        }
    }

    [Fact]
    public void Twice_is_32_times_the_same()
    {
        float[] values = [.. Enumerable.Range(0, Hadamard.Block).Select(i => (float)((i * 7 % 13) - 6))];

        Assert.Equal([.. values.Select(value => value * Hadamard.Block)], Transformed(Transformed(values)));
    }

    private static float[] Transformed(float[] values)
    {
        float[] result = [.. values];
        fixed (float* data = result)
            Hadamard.Apply(data, result.Length);
        return result;
    }
}
