namespace QuantBuild.Benchmarks;

/// <summary>What one run took.</summary>
/// <param name="Wall">Seconds on the clock.</param>
/// <param name="Processor">Processor seconds of the process, all threads together.</param>
internal readonly record struct Timing(double Wall, double Processor)
{
    /// <summary>
    /// What ratios are made of: processor time of one thread, which means something on a busy machine too, but the clock for several.
    /// </summary>
    public double Of(int threads) => threads == 1 ? Processor : Wall;
}
