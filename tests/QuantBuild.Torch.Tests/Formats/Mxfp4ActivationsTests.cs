using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;

namespace QuantBuild.Torch.Tests.Formats;

public sealed class Mxfp4ActivationsTests
{
    private static readonly TensorSpace Space = OnProcessor.Space;

    public static TheoryData<bool, bool, float, int, float?> Settings => new()
    {
        { true, true, 1f, 0, null },
        { false, true, 1f, 0, null },
        { true, true, 0.7f, 1, null },
        { false, true, 0.51f, -1, null },
        { true, false, 1f, 0, null },
        { false, false, 0.9f, 2, null },
        { true, true, 1f, 0, 0.75f },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void Every_value_is_that_of_the_processors_kernel(bool isEven, bool isCeil, float ratio, int offset, float? threshold)
    {
        (TieRule ties, ScaleRule rule) = (isEven ? TieRule.Even : TieRule.Zero, isCeil ? ScaleRule.Ceil : ScaleRule.Floor);
        const int Rows = 64;
        foreach (int columns in (int[])[32, 96, 71])
        {
            float[] x = Inputs.Adversarial(Rows, columns, new Random(columns));
            float[] clamped = threshold is { } limit ? [.. x.Select(value => Math.Clamp(value, -limit, limit))] : x;
            var expected = new float[x.Length];
            Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(clamped, Rows, columns), new MatrixView(expected, Rows, columns), rule, ties,
                threshold is null ? ratio : 1, offset);

            Assert.Equal(expected, Round(x, Rows, columns, new ClipSetting(ratio, offset, threshold), ties, rule));
        }
    }

    [Fact]
    public void The_specification_agrees_bit_by_bit_over_the_whole_range_of_one_block()
    {
        // Every exponent of float32, each with mantissas at, below and above all midpoints.
        float[] units = [0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5, 6, 1, 1.5f];
        float[] x = [.. Enumerable.Range(-149, 277).SelectMany(exponent => units.SelectMany(unit =>
        {
            float value = (float)(unit * Math.Pow(2, exponent));
            return (float[])[value, MathF.BitDecrement(value), -MathF.BitIncrement(value)];
        })).Where(float.IsFinite)];
        float[] rows = [.. x.SelectMany(value => Enumerable.Repeat(0f, 31).Prepend(value))];
        var expected = new float[rows.Length];
        Mxfp4.QuantizeDequantize(new ReadOnlyMatrixView(rows, x.Length, 32), new MatrixView(expected, x.Length, 32), ScaleRule.Ceil,
            TieRule.Even);

        Assert.Equal(expected, Round(rows, x.Length, 32, ClipSetting.None, TieRule.Even, ScaleRule.Ceil));
    }

    private static float[] Round(float[] x, int rows, int columns, ClipSetting clip, TieRule ties, ScaleRule rule)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using var tables = new Mxfp4Tables(Space);
        Mxfp4Activations.Blocks blocks = Mxfp4Activations.Round(Space.Of(x, rows, columns), clip, ties, tables, rule);
        return OnProcessor.Read(Mxfp4Activations.Values(blocks, columns, tables));
    }
}
