using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Torch.Streaming;
using QuantBuild.Torch.Tensors;
using QuantBuild.Torch.Tests.Wan;
using QuantBuild.Torch.Wan;
using TorchSharp;

namespace QuantBuild.Torch.Tests.Streaming;

/// <summary>Experts whose weights stay in their files.</summary>
public sealed class BlockStreamTests
{
    private const int Blocks = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void While_a_block_computes_another_thread_reads_the_next_ones_weights()
    {
        using ShardedCheckpoint files = TinyWan.Open("low");
        var source = new WatchedSource(files);
        using var denoiser = (TorchDenoiser)Runtimes.Float32.Open(TinyWan.Config("low"), source, WeightStorage.Mapped);
        var ahead = new List<int>();

        Predict(denoiser, new Watching(block =>
        {
            // The thread that computes is here and reads nothing: what is read is read by the other one.
            Assert.True(SpinWait.SpinUntil(() => block + 1 == Blocks || source.IsRead(block + 1), Patience), $"block {block + 1}");
            Assert.False(source.IsBegun(block + 2), $"block {block + 2}");
            ahead.Add(block + 1);
        }));

        Assert.Equal([1, 2, 3, 4, 5, 6], ahead);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, source.Threads.Keys);
    }

    [Fact]
    public void Every_block_is_asked_for_ahead_of_use_and_two_are_on_the_device_at_most()
    {
        using ShardedCheckpoint source = TinyWan.Open("low");
        using var denoiser = (TorchDenoiser)Runtimes.Float32.Open(TinyWan.Config("low"), source, WeightStorage.Mapped);
        ResidentTally tally = denoiser.Streamed;
        var resident = new List<int>();

        Predict(denoiser, new Watching(_ => resident.Add(tally.Now)));

        Assert.Equal([2, 2, 2, 2, 2, 1], resident);
        Assert.Equal((Blocks, 2, 0), (tally.Brought, tally.Most, tally.Now));
        Predict(denoiser);
        Assert.Equal((2 * Blocks, 2, 0), (tally.Brought, tally.Most, tally.Now));
    }

    [Theory]
    [InlineData(TorchPrecision.Float32)]
    [InlineData(TorchPrecision.BFloat16)]
    public void A_built_models_results_are_the_same_bytes(TorchPrecision precision)
    {
        using ModelArtifact artifact = Runtimes.OpenArtifact();
        using IDenoiser resident = Runtimes.Of(precision).Open(artifact.LowNoise);
        using var streamed = (TorchDenoiser)Runtimes.Of(precision).Open(artifact.LowNoise, WeightStorage.Mapped);

        Assert.Equal(Predict(resident), Predict(streamed));
        Assert.Equal((Blocks, 2, 0), (streamed.Streamed.Brought, streamed.Streamed.Most, streamed.Streamed.Now));
    }

    [Fact]
    public void A_shared_denoiser_streams_too_after_the_first_is_gone()
    {
        using ShardedCheckpoint source = TinyWan.Open("low");
        IDenoiser first = Runtimes.Float32.Open(TinyWan.Config("low"), source, WeightStorage.Mapped);
        float[] expected = Predict(first);
        using IDenoiser second = first.Share();
        first.Dispose();

        Assert.Equal(expected, Predict(second));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_cancelled_pass_leaves_nothing_on_the_device_and_nothing_that_reads(int at)
    {
        using ShardedCheckpoint files = TinyWan.Open("low");
        var source = new WatchedSource(files);
        using var denoiser = (TorchDenoiser)Runtimes.Float32.Open(TinyWan.Config("low"), source, WeightStorage.Mapped);
        float[] expected = Predict(denoiser);
        using var cancellation = new CancellationTokenSource();
        source.Clear();
        long before = torch.Tensor.TotalCount;

        var error = Assert.ThrowsAny<OperationCanceledException>(() => Predict(denoiser, new Watching(block =>
        {
            if (block == at)
                cancellation.Cancel();
        }), cancellation));

        Assert.Equal(cancellation.Token, error.CancellationToken);
        Assert.Equal((2, 0), (denoiser.Streamed.Most, denoiser.Streamed.Now));
        Assert.False(source.IsBegun(at + 2));
        // Each time the prompt is another object, which is kept.
        Assert.InRange(torch.Tensor.TotalCount - before, 0, 1);
        Assert.Equal(expected, Predict(denoiser));
    }

    [Fact]
    public async Task A_pass_that_is_cancelled_while_it_waits_for_a_weight_ends()
    {
        using ShardedCheckpoint files = TinyWan.Open("low");
        using var cancellation = new CancellationTokenSource();
        using var reading = new SemaphoreSlim(0);
        var source = new WatchedSource(files);
        using var denoiser = (TorchDenoiser)Runtimes.Float32.Open(TinyWan.Config("low"), source, WeightStorage.Mapped);
        source.Before = name =>
        {
            if (name != "blocks.0.ffn.0.weight")
                return;
            reading.Release();
            Assert.True(cancellation.Token.WaitHandle.WaitOne(Patience));
        };
        Task<bool> cancelling = Task.Run(async () =>
        {
            bool isReading = await reading.WaitAsync(Patience, Ct);
            await cancellation.CancelAsync();
            return isReading;
        }, Ct);

        var error = Assert.ThrowsAny<OperationCanceledException>(() => Predict(denoiser, stop: cancellation));

        Assert.True(await cancelling);
        Assert.Equal(cancellation.Token, error.CancellationToken);
        Assert.Equal(0, denoiser.Streamed.Now);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void What_reading_throws_comes_through_when_its_block_is_due(int damaged)
    {
        using ShardedCheckpoint files = TinyWan.Open("low");
        var source = new WatchedSource(files);
        using var denoiser = (TorchDenoiser)Runtimes.Float32.Open(TinyWan.Config("low"), source, WeightStorage.Mapped);
        float[] expected = Predict(denoiser);
        var failure = new IOException("the disk is gone");
        source.Before = name =>
        {
            if (name == $"blocks.{damaged}.cross_attn.k.weight")
                throw failure;
        };
        int blocks = 0;
        long before = torch.Tensor.TotalCount;

        Assert.Same(failure, Assert.Throws<IOException>(() => Predict(denoiser, new Watching(_ => blocks++))));

        Assert.Equal(damaged, blocks);
        Assert.Equal(0, denoiser.Streamed.Now);
        Assert.InRange(torch.Tensor.TotalCount - before, 0, 1);
        source.Before = null;
        Assert.Equal(expected, Predict(denoiser));
    }

    [Fact]
    public void A_weight_is_not_to_be_had_outside_of_its_block()
    {
        var source = new QuantBuild.Tests.Models.TensorsInMemory();
        source.Add("x", DType.F32, [2], [1, 2]);
        var tensor = new StreamedTensor("x", [2], torch.ScalarType.Float32, TensorPortions.Of(source, "x", torch.ScalarType.Float32));
        Assert.Throws<InvalidOperationException>(() => tensor.Here);
        tensor.Make(OnProcessor.Space);
        using (var lane = new HostLane())
            lane.Bring([tensor], Ct);

        Assert.Equal([1f, 2f], OnProcessor.Read(tensor.Here));
        tensor.Release();
        Assert.False(tensor.IsHere);
    }

    private static float[] Predict(IDenoiser denoiser, ISiteObserver? observer = null, CancellationTokenSource? stop = null)
    {
        float[] latent = GaussianNoise.Draw(3, 16 * TinyWan.Shape.Volume), velocity = new float[latent.Length];
        denoiser.Predict(TinyWan.Shape, latent, 500, new WanConditioning(new float[128], 1, new float[20 * TinyWan.Shape.Volume]), velocity,
            observer, ct: stop?.Token ?? Ct);
        return velocity;
    }

    /// <summary>Does something when a block begins.</summary>
    private sealed class Watching(Action<int> begun) : ISiteObserver
    {
        public void Observe(int block, WanSite site, SiteInput input)
        {
            if (site == WanSite.SelfAttentionQkv)
                begun(block);
        }
    }
}
