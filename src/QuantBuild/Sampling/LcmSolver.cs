using QuantBuild.Kernels;

namespace QuantBuild.Sampling;

/// <summary>
/// Sampling of consistency models: every step predicts the clean sample <c>m = x - sigma v</c> and adds noise anew for the next level,
/// <c>x' = (1 - sigma') m + sigma' n</c>; the last level is 0, so the result is a clean sample.
/// </summary>
/// <remarks>
/// Luo et al., "Latent Consistency Models", algorithm 3, for flow matching. The noise is drawn by <see cref="GaussianNoise"/> from a seed
/// that follows from the initial noise and the step: equal starts give equal videos.
/// </remarks>
/// <param name="schedule">Noise levels to visit.</param>
/// <param name="noise">The initial noise; its first element's bits seed what is drawn.</param>
internal sealed class LcmSolver(FlowSchedule schedule, ReadOnlySpan<float> noise) : ISolver
{
    private readonly int _seed = noise.IsEmpty ? 0 : BitConverter.SingleToInt32Bits(noise[0]);
    private int _step;

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<float> velocity, Span<float> sample)
    {
        if (velocity.Length != sample.Length)
            throw new ArgumentException($"a velocity of {velocity.Length} elements does not move a sample of {sample.Length}");
        if (_step == schedule.Timesteps.Count)
            throw new InvalidOperationException("the schedule has no step left");
        double sigma = schedule.Sigmas[_step], next = schedule.Sigmas[_step + 1];
        float[] drawn = next > 0 ? GaussianNoise.Draw(unchecked(_seed + _step + 1), sample.Length) : [];
        for (int i = 0; i < sample.Length; i++)
        {
            double clean = sample[i] - (sigma * velocity[i]);
            sample[i] = (float)(next > 0 ? ((1 - next) * clean) + (next * drawn[i]) : clean);
        }
        _step++;
    }
}
