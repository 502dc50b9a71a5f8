using System.Globalization;
using System.Runtime.InteropServices;
using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Formats;

/// <summary>Every tensor of mxfp4.safetensors, bit for bit.</summary>
public sealed class Mxfp4GoldenTests
{
    [Theory]
    [InlineData("weight.0", "weight.0", 1f)]
    [InlineData("weight.1", "weight.1", 1f)]
    [InlineData("weight.2", "weight.2", 1f)]
    [InlineData("weight.0", "weight.0.clip0.7", 0.7f)]
    [InlineData("weight.0", "weight.0.clip0.9", 0.9f)]
    public void Weights_have_the_golden_codes_scales_and_values(string weight, string expected, float ratio)
    {
        using var golden = SafeTensorsFile.Open(TestData.Golden("mxfp4.safetensors"));
        float[] w = Floats(golden, weight + ".w", out int rows, out int columns);
        var codes = new byte[rows * Mxfp4.CodeBytes(columns)];
        var scales = new byte[rows * Mxfp4.Blocks(columns)];

        Mxfp4.Quantize(new ReadOnlyMatrixView(w, rows, columns), ScaleRule.Floor, TieRule.Zero, codes, scales, ratio);

        Assert.Equal(golden.Bytes(expected + ".scales").ToArray(), scales);
        Assert.Equal(golden.Bytes(expected + ".packed").ToArray(), codes);
        if (golden.Tensors.ContainsKey(expected + ".dequant"))
        {
            var values = new float[w.Length];
            Mxfp4.Dequantize(codes, scales, new MatrixView(values, rows, columns));
            Assert.Equal(Bits(Floats(golden, expected + ".dequant", out _, out _)), Bits(values));
        }
    }

    public static TheoryData<string> Activations()
    {
        using var golden = SafeTensorsFile.Open(TestData.Golden("mxfp4.safetensors"));
        return [.. golden.Tensors.Keys.Where(name => name.Contains(".clip", StringComparison.Ordinal)
            && name.StartsWith("act.", StringComparison.Ordinal))];
    }

    [Theory]
    [MemberData(nameof(Activations))]
    public void Activations_have_the_golden_values(string name)
    {
        using var golden = SafeTensorsFile.Open(TestData.Golden("mxfp4.safetensors"));
        float[] x = Floats(golden, name[..5] + ".x", out int rows, out int columns);
        ScaleRule rule = name.Contains("safe_ceil", StringComparison.Ordinal) ? ScaleRule.Ceil : ScaleRule.Floor;
        float ratio = float.Parse(name.AsSpan(name.IndexOf(".clip", StringComparison.Ordinal) + 5, 3), CultureInfo.InvariantCulture);
        int offset = name.EndsWith("exp+1", StringComparison.Ordinal) ? 1 : name.EndsWith("exp-1", StringComparison.Ordinal) ? -1 : 0;
        var y = new float[x.Length];

        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(x, rows, columns), new MatrixView(y, rows, columns), rule, TieRule.Zero, ratio,
            offset);

        Assert.Equal(Bits(Floats(golden, name, out _, out _)), Bits(y));
    }

    private static float[] Floats(SafeTensorsFile file, string name, out int rows, out int columns)
    {
        columns = (int)file.Tensors[name].Shape[^1];
        float[] values = MemoryMarshal.Cast<byte, float>(file.Bytes(name)).ToArray();
        rows = values.Length / columns;
        return values;
    }

    private static uint[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToUInt32Bits)];
}
