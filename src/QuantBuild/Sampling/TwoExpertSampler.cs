using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Sampling;

/// <summary>Denoises a latent with the high-noise expert first and the low-noise expert from the boundary on.</summary>
/// <param name="highNoise">
/// Opens the high-noise expert; called once per run, when its first step comes, and disposed by the sampler.
/// </param>
/// <param name="lowNoise">
/// Opens the low-noise expert, likewise. The sampler has disposed the first expert then, so that only one needs to be in memory.
/// </param>
public sealed class TwoExpertSampler(Func<IDenoiser> highNoise, Func<IDenoiser> lowNoise)
{
    /// <summary>Runs all steps.</summary>
    /// <param name="options">How to sample.</param>
    /// <param name="shape">Size of the latent.</param>
    /// <param name="noise">Initial noise, [latent channels, frames, height, width].</param>
    /// <param name="conditioning">Prompt and first frame.</param>
    /// <param name="nullConditioning">The negative prompt with the same first frame; needed where guidance is not 1.</param>
    /// <param name="observe">Chooses the observer of every forward pass; may be null.</param>
    /// <param name="progress">Called after every step; may be null.</param>
    /// <param name="ct">Cancels between blocks of the products of a forward pass.</param>
    /// <returns>The denoised latent.</returns>
    /// <remarks>With guidance g the velocity is v0 + g (v - v0), v0 from the null conditioning; with g = 1 only v is computed.</remarks>
    /// <exception cref="ArgumentException">
    /// Sizes do not fit, guidance is not finite, or is asked for without a null conditioning.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public float[] Run(SamplingOptions options, LatentShape shape, ReadOnlySpan<float> noise, WanConditioning conditioning,
        WanConditioning? nullConditioning = null, SiteObserverSelector? observe = null, Action<SamplingStep>? progress = null,
        CancellationToken ct = default)
    {
        if (nullConditioning is null && (options.GuidanceHigh != 1 || options.GuidanceLow != 1))
            throw new ArgumentException("classifier-free guidance needs a null conditioning", nameof(nullConditioning));
        if (!double.IsFinite(options.GuidanceHigh) || !double.IsFinite(options.GuidanceLow))
            throw new ArgumentException($"a guidance of {options.GuidanceHigh} and {options.GuidanceLow}; both must be finite",
                nameof(options));
        FlowSchedule schedule = options.Schedule();
        ISolver solver = options.Solver switch
        {
            SolverKind.UniPc => new UniPcSolver(schedule),
            SolverKind.Euler => new EulerSolver(schedule),
            _ => new LcmSolver(schedule, noise),
        };
        int steps = schedule.Timesteps.Count;
        float[] latent = noise.ToArray();
        var velocity = new float[latent.Length];
        float[] unguided = nullConditioning is null ? [] : new float[latent.Length];
        using var experts = new OpenExpert(highNoise, lowNoise);
        for (int i = 0; i < steps; i++)
        {
            int timestep = schedule.Timesteps[i];
            var step = new SamplingStep(i, steps, timestep, timestep >= options.Boundary, latent);
            IDenoiser expert = experts.For(step);
            ct.ThrowIfCancellationRequested();
            expert.Predict(shape, latent, timestep, conditioning, velocity, observe?.Invoke(step, true), options.Threads, ct);
            double guidance = step.HighNoise ? options.GuidanceHigh : options.GuidanceLow;
            if (guidance != 1)
            {
                ct.ThrowIfCancellationRequested();
                expert.Predict(shape, latent, timestep, nullConditioning!, unguided, observe?.Invoke(step, false), options.Threads, ct);
                Guide(velocity, unguided, (float)guidance);
            }
            solver.Step(velocity, latent);
            progress?.Invoke(step);
        }
        return latent;
    }

    private static void Guide(Span<float> velocity, ReadOnlySpan<float> unguided, float guidance)
    {
        for (int i = 0; i < velocity.Length; i++)
            velocity[i] = MathF.FusedMultiplyAdd(guidance, velocity[i] - unguided[i], unguided[i]);
    }

    /// <summary>The expert of the current step; never both at once.</summary>
    private sealed class OpenExpert(Func<IDenoiser> highNoise, Func<IDenoiser> lowNoise) : IDisposable
    {
        private IDenoiser? _expert;
        private bool _isHighNoise;

        public IDenoiser For(SamplingStep step)
        {
            if (_expert is not null && _isHighNoise == step.HighNoise)
                return _expert;
            Dispose();
            _expert = step.HighNoise ? highNoise() : lowNoise();
            _isHighNoise = step.HighNoise;
            return _expert;
        }

        public void Dispose()
        {
            _expert?.Dispose();
            _expert = null;
        }
    }
}

/// <summary>Chooses who watches a forward pass of a sampling run.</summary>
/// <param name="step">The step, with the latent before it.</param>
/// <param name="conditional">Whether it is the pass with the prompt, and not the unconditional one of classifier-free guidance.</param>
/// <returns>The observer, or null for none.</returns>
public delegate ISiteObserver? SiteObserverSelector(SamplingStep step, bool conditional);
