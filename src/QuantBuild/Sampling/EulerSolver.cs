namespace QuantBuild.Sampling;

/// <summary>The first-order step x + (sigma' - sigma) v.</summary>
/// <param name="schedule">Noise levels to visit.</param>
internal sealed class EulerSolver(FlowSchedule schedule) : ISolver
{
    private int _step;

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<float> velocity, Span<float> sample)
    {
        if (velocity.Length != sample.Length)
            throw new ArgumentException($"a velocity of {velocity.Length} elements does not move a sample of {sample.Length}");
        if (_step == schedule.Timesteps.Count)
            throw new InvalidOperationException("the schedule has no step left");
        double distance = (double)schedule.Sigmas[_step + 1] - schedule.Sigmas[_step];
        for (int i = 0; i < sample.Length; i++)
            sample[i] = (float)(sample[i] + (distance * velocity[i]));
        _step++;
    }
}
