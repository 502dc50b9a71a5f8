using QuantBuild.Compiler.Calibration;
using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Tests.Calibration;

public sealed class SharedExpertsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    public async Task Samples_side_by_side_have_both_experts_loaded_only_where_they_fit(bool oneAtATime, int most)
    {
        var loads = new Loads();
        using (var experts = new SharedExperts([loads.Open, loads.Open], oneAtATime, Ct))
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                foreach (int expert in (int[])[0, 1])
                {
                    using IDenoiser denoiser = experts.Open(expert);
                    Thread.Sleep(20);
                }
            }, Ct))).WaitAsync(Patience, Ct);

            Assert.Equal(most, loads.Most);
            Assert.InRange(loads.All, 2, oneAtATime ? 8 : 2);
            Assert.InRange(loads.Now, 1, most);
        }
        Assert.Equal(0, loads.Now);
    }

    [Fact]
    public async Task Whoever_needs_the_other_expert_waits_until_nobody_uses_the_first()
    {
        var loads = new Loads();
        using var experts = new SharedExperts([loads.Open, loads.Open], oneAtATime: true, Ct);
        IDenoiser first = experts.Open(0), second = first.Share();

        Task<IDenoiser> other = Task.Run(() => experts.Open(1), Ct);
        first.Dispose();
        first.Dispose();
        await Task.Delay(300, Ct);
        Assert.False(other.IsCompleted);
        second.Dispose();

        (await other.WaitAsync(Patience, Ct)).Dispose();
        Assert.Equal((2, 1), (loads.All, loads.Most));
    }

    [Fact]
    public async Task Waiting_ends_when_the_build_is_cancelled()
    {
        var loads = new Loads();
        using var cancellation = new CancellationTokenSource();
        using var experts = new SharedExperts([loads.Open, loads.Open], oneAtATime: true, cancellation.Token);
        using IDenoiser first = experts.Open(0);

        Task<IDenoiser> other = Task.Run(() => experts.Open(1), Ct);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other.WaitAsync(Patience, Ct));
        Assert.Equal(1, loads.All);
    }

    [Fact]
    public void An_expert_that_cannot_be_loaded_keeps_nobody_waiting()
    {
        var loads = new Loads();
        using var experts = new SharedExperts([() => throw new InvalidDataException(), loads.Open], oneAtATime: true, Ct);

        Assert.Throws<InvalidDataException>(() => experts.Open(0));

        using IDenoiser other = experts.Open(1);
        Assert.Equal(1, loads.Now);
    }

    /// <summary>Counts experts that are loaded.</summary>
    private sealed class Loads
    {
        private readonly Lock _lock = new();

        public int All { get; private set; }

        public int Now { get; private set; }

        public int Most { get; private set; }

        public IDenoiser Open()
        {
            lock (_lock)
            {
                All++;
                Most = Math.Max(Most, ++Now);
            }
            return new Expert(this, isOwner: true);
        }

        private void Close()
        {
            lock (_lock)
                Now--;
        }

        private sealed class Expert(Loads loads, bool isOwner) : IDenoiser
        {
            public void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning,
                Span<float> velocity, ISiteObserver? observer = null, int threads = 1, CancellationToken ct = default)
            {
                // Nothing is predicted here.
            }

            public IDenoiser Share() => new Expert(loads, isOwner: false);

            public void Dispose()
            {
                if (isOwner)
                    loads.Close();
            }
        }
    }
}
