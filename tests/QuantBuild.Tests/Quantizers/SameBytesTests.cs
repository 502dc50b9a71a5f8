using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

/// <summary>
/// Digests of every step's result on one small layer. They hold on every machine and under every DOTNET_Enable… switch; a change here
/// means that the stage's algorithm version has to be raised.
/// </summary>
public class SameBytesTests
{
    private const int Tokens = 700, Channels = 160, Outputs = 72;
    private static readonly float[] X = Uniform(1, Tokens * Channels, 3), W = Uniform(2, Outputs * Channels, 1);
    private static readonly float[] Scale = SmoothingScale();

    [Fact]
    public void Smoothing_scale() => AssertDigest("9784835028bea6f2", MemoryMarshal.AsBytes<float>(Scale));

    [Fact]
    public void Hessian() => AssertDigest("226a1656ee53dcbe", MemoryMarshal.AsBytes<float>(InputSecondMoment()));

    [Theory]
    [InlineData(LowRankMethod.Randomized, "bbadd792f780273e")]
    [InlineData(LowRankMethod.Exact, "086b8f2f170213e9")]
    internal void Low_rank_factors(LowRankMethod method, string digest)
    {
        LowRankBranch branch = LowRankSplit.Of(new ReadOnlyMatrixView(SmoothedWeight(), Outputs, Channels), new LowRankRecipe(6, method),
            seed: 5, threads: 2);

        AssertDigest(digest, [.. MemoryMarshal.AsBytes<ushort>(branch.UpBits), .. MemoryMarshal.AsBytes<ushort>(branch.DownBits)]);
    }

    [Fact]
    public void Gptq_codes_and_loss()
    {
        GptqResult result = Rounded();

        AssertDigest("aff5d372d1f276a3", [.. result.Codes, .. result.Scales, .. BitConverter.GetBytes(result.Outcome.ErrorEnergy!.Value)]);
    }

    [Fact]
    public void Ordered_codes_and_loss()
    {
        GptqResult result = Gptq.Quantize(new ReadOnlyMatrixView(SmoothedWeight(), Outputs, Channels),
            new MatrixView(InputSecondMoment(), Channels, Channels),
            new GptqOptions(Order: WeightOrder.Activation, Exponents: BlockExponents.Error), threads: 2);

        AssertDigest("8f87fd9582adcd88", [.. result.Codes, .. result.Scales, .. BitConverter.GetBytes(result.Outcome.ErrorEnergy!.Value)]);
    }

    [Theory]
    [InlineData(Rotation.None, "b18d2474858e0bd8")]
    [InlineData(Rotation.Hadamard32, "a51c21ff8cb20bc9")]
    internal void Moments_of_the_input(Rotation rotation, string digest)
    {
        RoundingNoise noise = Noise(rotation);

        AssertDigest(digest, MemoryMarshal.AsBytes<float>([.. noise.Second, .. noise.Gain, .. noise.Variance]));
    }

    [Fact]
    public void Refit_of_a_rotated_layer()
    {
        float[] weight = [.. W];
        Smoothing.ApplyToWeight(new MatrixView(weight, Outputs, Channels), Scale, threads: 2, Rotation.Hadamard32);
        RoundingNoise noise = Noise(Rotation.Hadamard32);
        LowRankBranch start = NoiseBranch.Of(new ReadOnlyMatrixView(weight, Outputs, Channels), noise,
            new LowRankRecipe(6, LowRankMethod.Randomized), seed: 5, threads: 2, default);

        RefitResult result = Refit.Run(new ReadOnlyMatrixView(weight, Outputs, Channels), noise, 3 * noise.Mean, start,
            new RefitOptions(6, 2, 0, new GptqOptions(Order: WeightOrder.Activation, Exponents: BlockExponents.Error)), threads: 2);

        AssertDigest("1de83528e98bc187",
            [.. result.Weight.Codes, .. result.Weight.Scales, .. MemoryMarshal.AsBytes<ushort>(result.Branch.UpBits),
            .. MemoryMarshal.AsBytes<ushort>(result.Branch.DownBits), .. MemoryMarshal.AsBytes<double>([.. result.Losses])]);
    }

    [Fact]
    public void Clip_errors()
    {
        float[] smoothed = [.. X], residual = SmoothedWeight();
        PackedWeight rounded = Rounded().Weight;
        Smoothing.ApplyToActivation(new ReadOnlyMatrixView(X, Tokens, Channels), Scale, new MatrixView(smoothed, Tokens, Channels));
        var digestible = new List<double>();
        foreach (ClipGranularity granularity in Enum.GetValues<ClipGranularity>())
        {
            foreach (ClipObjective objective in Enum.GetValues<ClipObjective>())
            {
                ActivationRecipe recipe = new(granularity, [0.6, 0.8, 1], [-1, 0], TieRule.Even, objective);
                digestible.AddRange(ClipSearch.Search(new ReadOnlyMatrixView(smoothed, Tokens, Channels),
                    new ReadOnlyMatrixView(residual, Outputs, Channels),
                    rounded, recipe, threads: 2).Candidates.Select(c => c.Error));
            }
        }

        AssertDigest("68c33932c220cdab", MemoryMarshal.AsBytes<double>(digestible.ToArray()));
    }

    [Fact]
    public void Measured_sums()
    {
        var halves = new ushort[4 * (Outputs + Channels)];
        BFloat16.FromSingle(Uniform(3, halves.Length, 0.5f), halves);
        LowRankBranch branch = LowRankBranch.FromBits(Outputs, Channels, halves[..(4 * Outputs)], halves[(4 * Outputs)..]);

        ErrorSums sums = LayerError.Measure(new ReadOnlyMatrixView(X, Tokens, Channels), new ReadOnlyMatrixView(W, Outputs, Channels),
            [new MeasuredLayer(Scale, branch, Rounded().Weight, ActivationQuantizer.Unclipped(TieRule.Even))]).Single();

        AssertDigest("bc72a5033a2e0563", MemoryMarshal.AsBytes<double>([sums.Reference, sums.Difference, sums.Product, sums.Output]));
    }

    private static RoundingNoise Noise(Rotation rotation)
    {
        var moments = new InputMoments(Channels, Scale, rotation, new ActivationQuantizer(new ClipSetting(0.8f), TieRule.Even));
        moments.Add(new ReadOnlyMatrixView(X, Tokens, Channels), threads: 2);
        return moments.Finish(threads: 2);
    }

    private static GptqResult Rounded() => Gptq.Quantize(new ReadOnlyMatrixView(SmoothedWeight(), Outputs, Channels),
        new MatrixView(InputSecondMoment(), Channels, Channels), new GptqOptions(), threads: 2);

    private static float[] InputSecondMoment()
    {
        var hessian = new InputHessian(Channels, ActivationQuantizer.Unclipped(TieRule.Even));
        hessian.Add(new ReadOnlyMatrixView(X, Tokens, Channels), Scale, threads: 2);
        return hessian.Finish();
    }

    private static float[] SmoothedWeight()
    {
        float[] smoothed = [.. W];
        Smoothing.ApplyToWeight(new MatrixView(smoothed, Outputs, Channels), Scale);
        return smoothed;
    }

    private static float[] SmoothingScale()
    {
        float[] activation = new float[Channels], weight = new float[Channels], scale = new float[Channels];
        Smoothing.AccumulateAbsmax(new ReadOnlyMatrixView(X, Tokens, Channels), activation);
        Smoothing.AccumulateAbsmax(new ReadOnlyMatrixView(W, Outputs, Channels), weight);
        Smoothing.Scale(activation, weight, 0.5, scale);
        return scale;
    }

    /// <summary>A seeded Random is the same everywhere; transcendental functions would not be.</summary>
    private static float[] Uniform(int seed, int count, float spread)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => spread * (1 + (i % 11)) * (float)((2 * random.NextDouble()) - 1))];
    }

    private static void AssertDigest(string expected, ReadOnlySpan<byte> bytes) =>
        Assert.Equal(expected, Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
}
