namespace QuantBuild.Sampling;

/// <summary>The noise levels that a flow-matching sampler visits.</summary>
/// <param name="Timesteps">Integer timesteps as the model sees them, descending, one per step.</param>
/// <param name="Sigmas">Noise level before each step, and a final 0: one more entry than <paramref name="Timesteps"/>.</param>
public sealed record FlowSchedule(IReadOnlyList<int> Timesteps, IReadOnlyList<float> Sigmas)
{
    /// <summary>The levels of explicit timesteps, <c>sigma = t / 1000</c>, as models distilled to a few steps are trained with.</summary>
    /// <param name="timesteps">Timesteps as the model sees them, 1 to 1000, strictly descending.</param>
    /// <exception cref="ArgumentException">There is none, or they are not as they must be.</exception>
    public static FlowSchedule Of(IReadOnlyList<int> timesteps)
    {
        const int TrainSteps = 1000;
        for (int i = 0; i < timesteps.Count; i++)
        {
            if (timesteps[i] is < 1 or > TrainSteps || (i > 0 && timesteps[i] >= timesteps[i - 1]))
                throw new ArgumentException($"timestep {timesteps[i]}; they must be from 1 to {TrainSteps}, each less than the one before");
        }
        return timesteps.Count > 0
            ? new FlowSchedule([.. timesteps], [.. timesteps.Select(timestep => (float)timestep / TrainSteps), 0])
            : throw new ArgumentException("there are no timesteps");
    }

    /// <summary>Evenly spaced levels, pushed toward high noise: <c>sigma = shift s / (1 + (shift - 1) s)</c>.</summary>
    /// <param name="steps">Number of steps, 1 to <paramref name="trainSteps"/>.</param>
    /// <param name="shift">How far toward high noise; 1 leaves the levels even.</param>
    /// <param name="trainSteps">Number of timesteps in training.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static FlowSchedule Create(int steps, double shift, int trainSteps = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainSteps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, trainSteps);
        if (!(shift > 0) || !double.IsFinite(shift))
            throw new ArgumentOutOfRangeException(nameof(shift), shift, "the shift must be positive and finite");

        // The official scheduler keeps its largest level in float32 and does the rest in double; the truncation below depends on it.
        double top = (float)(1 - (1.0 / trainSteps));
        double spacing = -top / steps;
        var timesteps = new int[steps];
        var sigmas = new float[steps + 1];
        for (int i = 0; i < steps; i++)
        {
            double even = (i * spacing) + top;
            double sigma = shift * even / (1 + ((shift - 1) * even));
            timesteps[i] = (int)(sigma * trainSteps);
            sigmas[i] = (float)sigma;
            if (sigmas[i] >= (i == 0 ? 1 : sigmas[i - 1]))
                throw new ArgumentOutOfRangeException(nameof(shift), shift,
                    $"with {steps} steps the shift leaves no room between noise levels");
        }
        return new FlowSchedule(timesteps, sigmas);
    }
}
