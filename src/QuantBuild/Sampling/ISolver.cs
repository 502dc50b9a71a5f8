namespace QuantBuild.Sampling;

/// <summary>Integrates the flow from noise to a sample, one step of its schedule at a time.</summary>
internal interface ISolver
{
    /// <summary>Takes the next step.</summary>
    /// <param name="velocity">Velocity predicted at the sample.</param>
    /// <param name="sample">The sample before the step; after it, the sample at the next noise level.</param>
    /// <exception cref="ArgumentException">The sizes differ, or changed within a run.</exception>
    /// <exception cref="InvalidOperationException">The schedule has no step left.</exception>
    void Step(ReadOnlySpan<float> velocity, Span<float> sample);
}
