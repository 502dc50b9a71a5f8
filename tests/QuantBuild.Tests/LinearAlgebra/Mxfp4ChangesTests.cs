using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.Tests.Kernels;

namespace QuantBuild.Tests.LinearAlgebra;

public sealed class Mxfp4ChangesTests
{
    private const int Tokens = 29, Outputs = 150, Channels = 200;
    private static readonly Mxfp4Rounding Plain = new(TieRule.Even, 1, 0, float.PositiveInfinity);

    public static TheoryData<float, int, float> Targets => new()
    {
        { 1, 0, float.PositiveInfinity },
        { 0.7f, 0, float.PositiveInfinity },
        { 1, -2, float.PositiveInfinity },
        { 1, 2, float.PositiveInfinity },
        { 0.05f, 1, float.PositiveInfinity },
        { 1, 0, 2.5f },
        { 1, -1, 0.01f },
        { 1, 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public void Changes_lead_from_one_product_to_another_on_every_kernel(float ratio, int offset, float threshold)
    {
        float[] x = Values(1, Tokens * Channels, 8);
        var after = new Mxfp4Rounding(TieRule.Even, ratio, offset, threshold);
        Mxfp4Panels weight = Weight();
        float[] expected = Dense(x, weight, after), first = Dense(x, weight, Plain);
        var maxima = new float[Tokens * Mxfp4.Blocks(Channels)];
        Mxfp4Changes.Maxima(new ReadOnlyMatrixView(x, Tokens, Channels), maxima);
        var changes = new Mxfp4Changes(Channels);
        changes.Load(new ReadOnlyMatrixView(x, Tokens, Channels), maxima, Plain, after);

        float[] scalar = Sparse(Mxfp4Path.Scalar, first, changes, weight);

        float largest = expected.Max(MathF.Abs) + 1;
        Assert.All(expected.Zip(scalar), pair => Assert.Equal(pair.First, pair.Second, 1e-5f * largest));
        foreach (Mxfp4Path path in Mxfp4ProductTests.Paths)
            Assert.Equal(scalar, Sparse(path, first, changes, weight));
    }

    [Fact]
    public void The_same_rounding_changes_nothing()
    {
        float[] x = Values(2, Tokens * Channels, 8), first = Values(3, Tokens * Outputs, 1);
        var maxima = new float[Tokens * Mxfp4.Blocks(Channels)];
        Mxfp4Changes.Maxima(new ReadOnlyMatrixView(x, Tokens, Channels), maxima);
        var changes = new Mxfp4Changes(Channels);

        changes.Load(new ReadOnlyMatrixView(x, Tokens, Channels), maxima, Plain, Plain with { Ratio = 0.99999f, Threshold = 1000 });

        Assert.Equal(first, Sparse(Mxfp4Path.Scalar, first, changes, Weight()));
    }

    private static Mxfp4Panels Weight()
    {
        var codes = new byte[Outputs * Mxfp4.CodeBytes(Channels)];
        var scales = new byte[Outputs * Mxfp4.Blocks(Channels)];
        Mxfp4.Quantize(new ReadOnlyMatrixView(Values(4, Outputs * Channels, 1), Outputs, Channels), ScaleRule.Floor, TieRule.Even, codes,
            scales);
        return Mxfp4Panels.Of(codes, scales, Outputs, Channels);
    }

    private static float[] Dense(float[] x, Mxfp4Panels weight, Mxfp4Rounding rounding)
    {
        using var tokens = new Mxfp4Tokens(Channels);
        tokens.Load(new ReadOnlyMatrixView(x, Tokens, Channels), rounding);
        var y = new float[Tokens * Outputs];
        Mxfp4Product.Add(tokens, weight, new MatrixView(y, Tokens, Outputs));
        return y;
    }

    /// <summary>Outputs after the changes, slab by slab, put back in order.</summary>
    private static float[] Sparse(Mxfp4Path path, float[] start, Mxfp4Changes changes, Mxfp4Panels weight)
    {
        var y = new float[Tokens * Outputs];
        var slab = new Mxfp4Slab(Tokens);
        for (int first = 0; first < Outputs; first += Mxfp4Slab.Width)
        {
            slab.Load(new ReadOnlyMatrixView(start, Tokens, Outputs), first);
            slab.Add(path, changes, weight);
            for (int i = 0; i < slab.Values.Length; i++)
            {
                int output = first + (i / (Tokens * 32) * 32) + (i % 32), token = i / 32 % Tokens;
                if (output < Outputs)
                    y[(token * Outputs) + output] = slab.Values[i];
                else
                    Assert.Equal(0, slab.Values[i]);
            }
        }
        return y;
    }

    private static float[] Values(int seed, int count, float spread)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => (random.NextSingle() - 0.5f) * spread * (1 + (i / 32 % 5)))];
    }
}
