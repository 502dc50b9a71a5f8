using QuantBuild.Compiler.Torch.Tests.Suite;
using QuantBuild.Tests;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Tests.Scalars;

/// <summary>
/// Operations with numbers while another thread collects, and fills what was freed with other numbers. More threads than processors, so
/// that some are stopped between a call and what libtorch reads; with TorchSharp's own operators it ends within a second, by a wrong
/// number or an error of libtorch.
/// </summary>
public sealed class CollectionTests
{
    private const int Size = 1 << 10, Runs = 10_000;

    // Code that is not optimized keeps its arguments until it returns, and with them what it should hold.
    private static readonly (string, string)[] Optimized = [("DOTNET_TieredCompilation", "0")];

    [Fact]
    public void OperationsComputeTheSameWhileGarbageIsCollected() => OwnProcess.Run(Optimized, Compare);

    private static void Compare(string[] arguments)
    {
        using CancellationTokenSource end = new();
        new Float32Fixture().Backend.Start("a test");
        var collector = new Thread(() => Collect(end.Token));
        collector.Start();
        var different = new int[4 * Environment.ProcessorCount];
        Thread[] threads = [.. different.Select((_, i) => new Thread(() => different[i] = CountDifferent()))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        end.Cancel();
        collector.Join();

        Assert.All(different, count => Assert.Equal(0, count));
    }

    private static int CountDifferent()
    {
        using TensorWork work = new();
        Tensor x = linspace(-4, 4, Size), y = ones_like(x), expected = Operations(x, y);
        int different = 0;
        for (int run = 0; run < Runs; run++)
        {
            using DisposeScope scope = NewDisposeScope();
            different += (Operations(x, y) == expected).all().item<bool>() ? 0 : 1;
        }
        return different;
    }

    private static Tensor Operations(Tensor x, Tensor y)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor z = x.Plus(y).Times(0.75).Plus(0.5).Accumulate(y).AccumulateProduct(x, y).Scale(1.25).Between(-3.0, 3.5);
        return z.Masked(z.IsAbove(2.25), 3).AtLeast(-2).Plus((x > HeldScalars.Zero).to(ScalarType.Float32)).Squared()
            .MoveToOuterDisposeScope();
    }

    private static void Collect(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            GC.WaitForPendingFinalizers();
            for (int i = 0; i < 64; i++)
            {
                using Scalar other = 1e30 + i;
            }
        }
    }
}
