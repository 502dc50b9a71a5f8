using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

/// <summary>
/// Every piece of work here takes many times the lead it is given: what looks at the token at its beginning alone runs to its end, and
/// fails.
/// </summary>
public class CancellationTests
{
    private const int Size = 4096, Tokens = 2 * Size;
    private static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(40);

    // What Ctrl+C promises; blocks take milliseconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly float[] Values = RandomValues(Tokens * Size);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_product_ends_in_its_middle(int threads)
    {
        var product = new float[Size * Size];

        EndsInItsMiddle(ct => Gemm.Multiply(Square(Values), Square(Values), Square(product), GemmMode.Overwrite, threads, ct));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_Gram_matrix_ends_in_its_middle(int threads)
    {
        var gram = new float[Size * Size];

        EndsInItsMiddle(ct => Gram.Accumulate(new(Values, Tokens, Size), Square(gram), threads, ct));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_factorization_ends_in_its_middle(int threads)
    {
        const int Order = 6144;
        float[] h = Identity(Order);

        EndsInItsMiddle(ct => Cholesky.TryFactorReversed(new(h, Order, Order), threads, ct));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_integer_product_ends_in_its_middle(int threads)
    {
        using var tokens = new Mxfp4Tokens(Size);
        tokens.Load(new(Values, Tokens, Size), ActivationQuantizer.Unclipped(TieRule.Even).Rounding);
        PackedWeight weight = PackedWeight.Empty(Size, Size);
        Mxfp4Panels panels = Mxfp4Panels.Of(weight.Codes, weight.Scales, Size, Size);
        var product = new float[Tokens * Size];

        EndsInItsMiddle(ct => Mxfp4Product.Add(tokens, panels, new(product, Tokens, Size), threads, ct));
    }

    [Theory]
    [InlineData(LowRankMethod.Randomized, Size, 1)]
    [InlineData(LowRankMethod.Randomized, Size, 2)]
    [InlineData(LowRankMethod.Exact, 1024, 1)]
    internal void A_low_rank_branch_ends_in_its_middle(LowRankMethod method, int size, int threads) =>
        EndsInItsMiddle(ct => LowRankSplit.Of(new(Values, size, size), new LowRankRecipe(128, method), seed: 1, threads, ct));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_Hessian_ends_in_its_middle(int threads)
    {
        var hessian = new InputHessian(Size, ActivationQuantizer.Unclipped(TieRule.Even));

        EndsInItsMiddle(ct => hessian.Add(new(Values, Tokens, Size), [], threads, ct));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void GPTQ_ends_in_its_middle(int threads)
    {
        float[] hessian = Identity(Size);

        EndsInItsMiddle(ct => Gptq.Quantize(new(Values, Tokens, Size), Square(hessian), new GptqOptions(), threads, ct));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_walk_of_GPTQ_ends_in_its_middle(int threads)
    {
        float[] factor = Identity(Size);
        var split = HessianFactor.TryCreate(Square(factor), damp: 0, threads);
        PackedWeight packed = PackedWeight.Empty(Tokens, Size);

        EndsInItsMiddle(ct =>
            GptqSweep.Run(new(Values, Tokens, Size), default, Square(factor), split!, packed, new GptqOptions(), order: null,
                importance: [],
                threads, ct));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_energy_ends_in_its_middle(int threads)
    {
        float[] hessian = Identity(Size);

        EndsInItsMiddle(ct => HessianEnergy.Of(new(Values, Tokens, Size), Square(hessian), threads, ct));
    }

    [Theory]
    [InlineData(ClipObjective.Output, 1)]
    [InlineData(ClipObjective.Output, 2)]
    [InlineData(ClipObjective.Activation, 2)]
    internal void A_clip_search_ends_in_its_middle(ClipObjective objective, int threads)
    {
        PackedWeight rounded = RoundToNearest.Quantize(Square(Values), TieRule.Even).Weight;
        var recipe = new ActivationRecipe(ClipGranularity.Block, [0.5, 0.6, 0.7, 0.8, 0.9, 1], [-1, 0, 1], TieRule.Even, objective);

        EndsInItsMiddle(ct => new ClipSearch(rounded, recipe, magnitude: 0, threads, ct).Add(new(Values, Tokens, Size), Square(Values)));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    public void A_measurement_ends_in_its_middle(bool activations, int threads)
    {
        PackedWeight rounded = RoundToNearest.Quantize(Square(Values), TieRule.Even).Weight;
        MeasuredLayer layer = new(null, null, rounded, activations ? ActivationQuantizer.Unclipped(TieRule.Even) : null);

        EndsInItsMiddle(ct =>
        {
            using var errors = new LayerError([layer], threads, ct);
            errors.Add(new(Values, Tokens, Size), Square(Values));
        });
    }

    /// <summary>
    /// Cancels when the calling thread has worked for the lead, and counts what it works after that: others on the machine do not matter.
    /// </summary>
    private static void EndsInItsMiddle(Action<CancellationToken> work)
    {
        using var source = new CancellationTokenSource();
        var worked = new ProcessorTime();
        TimeSpan start = worked.Elapsed, cancelled = TimeSpan.Zero;
        bool ended = false;
        var canceller = new Thread(() =>
        {
            while (worked.Elapsed - start < Lead && !Volatile.Read(ref ended))
                Thread.Sleep(1);
            cancelled = worked.Elapsed;
            source.Cancel();
        });
        canceller.Start();
        try
        {
            Assert.ThrowsAny<OperationCanceledException>(() => work(source.Token));
        }
        finally
        {
            Volatile.Write(ref ended, true);
            canceller.Join();
        }

        Assert.InRange(worked.Elapsed - cancelled, TimeSpan.Zero, Patience);
    }

    private static MatrixView Square(float[] values) => new(values.AsSpan(0, Size * Size), Size, Size);

    private static float[] Identity(int size)
    {
        var values = new float[size * size];
        for (int i = 0; i < size; i++)
            values[(i * size) + i] = 1;
        return values;
    }

    private static float[] RandomValues(int count)
    {
        var random = new Random(42);
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = random.NextSingle() - 0.5f;
        return values;
    }
}
