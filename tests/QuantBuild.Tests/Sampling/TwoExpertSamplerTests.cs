using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Sampling;

public class TwoExpertSamplerTests
{
    private static readonly LatentShape Shape = new(1, 2, 2);
    private static readonly float[] Noise = [1, 2, 3, 4];
    private static readonly WanConditioning Prompt = new([1], 1, [0]);
    private static readonly WanConditioning Nothing = new([0], 1, [0]);
    private static readonly SamplingOptions NoGuidance = new() { GuidanceHigh = 1, GuidanceLow = 1 };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void The_high_noise_expert_serves_timesteps_from_the_boundary_up()
    {
        var (high, low) = (new Recorder(), new Recorder());
        int[] timesteps = [.. FlowSchedule.Create(40, 5).Timesteps];

        Sampler(high, low).Run(NoGuidance with { Boundary = timesteps[14] }, Shape, Noise, Prompt, ct: Ct);

        Assert.Equal(timesteps[..15], high.Calls.Select(call => call.Timestep));
        Assert.Equal(timesteps[15..], low.Calls.Select(call => call.Timestep));
    }

    [Fact]
    public void An_expert_is_opened_once_and_only_when_its_first_step_comes()
    {
        var opened = new List<string>();
        IDenoiser Open(string name)
        {
            opened.Add(name);
            return new Recorder();
        }

        int stepsBeforeLow = -1;
        new TwoExpertSampler(() => Open("high"), () => Open("low")).Run(NoGuidance, Shape, Noise, Prompt,
            progress: step => stepsBeforeLow = opened.Count == 1 ? step.Index : stepsBeforeLow, ct: Ct);

        Assert.Equal(["high", "low"], opened);
        Assert.Equal(14, stepsBeforeLow);
    }

    [Fact]
    public void The_first_expert_is_disposed_before_the_other_is_opened_and_that_one_at_the_end()
    {
        var (high, low) = (new Recorder(), new Recorder());
        bool? alone = null;

        new TwoExpertSampler(() => high, () =>
        {
            alone = high.IsDisposed;
            return low;
        }).Run(NoGuidance, Shape, Noise, Prompt, ct: Ct);

        Assert.True(alone);
        Assert.True(low.IsDisposed);
    }

    [Fact]
    public void An_expert_whose_step_fails_is_disposed()
    {
        var high = new Recorder { Velocity = _ => throw new InvalidDataException() };

        Assert.Throws<InvalidDataException>(() => Sampler(high, new Recorder()).Run(NoGuidance, Shape, Noise, Prompt, ct: Ct));

        Assert.True(high.IsDisposed);
    }

    [Fact]
    public void Without_guidance_every_step_is_one_forward_pass()
    {
        var (high, low) = (new Recorder(), new Recorder());

        Sampler(high, low).Run(NoGuidance, Shape, Noise, Prompt, Nothing, ct: Ct);

        Assert.Equal(40, high.Calls.Count + low.Calls.Count);
        Assert.All(high.Calls.Concat(low.Calls), call => Assert.Same(Prompt, call.Conditioning));
    }

    [Fact]
    public void Guidance_of_one_expert_leaves_the_other_alone()
    {
        var (high, low) = (new Recorder(), new Recorder());

        Sampler(high, low).Run(NoGuidance with { GuidanceHigh = 2 }, Shape, Noise, Prompt, Nothing, ct: Ct);

        Assert.Equal([Prompt, Nothing], high.Calls.Take(2).Select(call => call.Conditioning));
        Assert.Equal(30, high.Calls.Count);
        Assert.Equal(25, low.Calls.Count);
    }

    [Fact]
    public void Guidance_extrapolates_from_the_unconditional_velocity()
    {
        // One Euler step from sigma to 0: x - sigma v, with v = 0.5 and v0 = 0.25.
        var options = new SamplingOptions { Steps = 1, Solver = SolverKind.Euler, GuidanceHigh = 3, GuidanceLow = 1 };
        var high = new Recorder { Velocity = conditioning => conditioning == Prompt ? 0.5f : 0.25f };

        float[] latent = Sampler(high, new Recorder()).Run(options, Shape, Noise, Prompt, Nothing, ct: Ct);

        float sigma = FlowSchedule.Create(1, 5).Sigmas[0];
        Close.Assert([.. Noise.Select(x => x - sigma)], latent, 1e-6);
    }

    [Fact]
    public void Guidance_without_a_null_conditioning_is_refused() =>
        Assert.Throws<ArgumentException>(() => Sampler(new Recorder(), new Recorder())
            .Run(new SamplingOptions(), Shape, Noise, Prompt, ct: Ct));

    [Fact]
    public void Observers_are_chosen_per_pass_with_the_latent_before_the_step()
    {
        var (high, low) = (new Recorder(), new Recorder());
        var observer = new Silent();
        float[]? first = null;

        Sampler(high, low).Run(new SamplingOptions(), Shape, Noise, Prompt, Nothing, observe: (step, conditional) =>
        {
            first ??= step.Latent.ToArray();
            return conditional && step.Index == 3 ? observer : null;
        }, ct: Ct);

        Assert.Equal(Noise, first);
        Assert.Equal([6], high.Calls.Index().Where(call => call.Item.Observer == observer).Select(call => call.Index));
    }

    [Fact]
    public void Cancellation_stops_before_the_next_pass()
    {
        var high = new Recorder();
        using var source = new CancellationTokenSource();

        Assert.Throws<OperationCanceledException>(() => Sampler(high, new Recorder()).Run(NoGuidance, Shape, Noise, Prompt,
            progress: step => { if (step.Index == 2) source.Cancel(); }, ct: source.Token));

        Assert.Equal(3, high.Calls.Count);
    }

    [Fact]
    public void The_noise_is_left_untouched()
    {
        float[] noise = [.. Noise];
        Sampler(new Recorder(), new Recorder()).Run(NoGuidance, Shape, noise, Prompt, ct: Ct);
        Assert.Equal(Noise, noise);
    }

    private static TwoExpertSampler Sampler(IDenoiser high, IDenoiser low) => new(() => high, () => low);

    private sealed record Call(int Timestep, WanConditioning Conditioning, ISiteObserver? Observer);

    private sealed class Recorder : IDenoiser
    {
        public List<Call> Calls { get; } = [];

        public Func<WanConditioning, float> Velocity { get; init; } = _ => 0.5f;

        public void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning, Span<float> velocity,
            ISiteObserver? observer, int threads, CancellationToken ct)
        {
            Calls.Add(new Call(timestep, conditioning, observer));
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            velocity.Fill(Velocity(conditioning));
        }

        public IDenoiser Share() => throw new NotSupportedException();

        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    private sealed class Silent : ISiteObserver
    {
        public void Observe(int block, WanSite site, SiteInput input)
        {
        }
    }
}
