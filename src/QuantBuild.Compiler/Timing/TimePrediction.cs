using QuantBuild.Compiler.Costs;

namespace QuantBuild.Compiler.Timing;

/// <summary>How long a planned build would take.</summary>
/// <param name="Stages">Every stage, in the order of work.</param>
/// <param name="Threads">Threads that it would use.</param>
/// <param name="Speed">What it was computed from.</param>
/// <param name="Start">Processor seconds of what is no action: the program's start and the plan.</param>
internal sealed record TimePrediction(IReadOnlyList<StageTime> Stages, int Threads, MachineSpeed Speed, double Start)
{
    /// <summary>Processor seconds of all that would run on the processor.</summary>
    public double ProcessorSeconds => Start + Stages.Where(stage => !stage.OnDevice).Sum(stage => stage.Seconds);

    /// <summary>Seconds of a device.</summary>
    public double DeviceSeconds => Stages.Where(stage => stage.OnDevice).Sum(stage => stage.Seconds);

    /// <summary>
    /// Seconds on a machine that does nothing else: actions run side by side, one per thread, and one at a time on a device.
    /// </summary>
    public double Seconds => (ProcessorSeconds / Math.Min(Threads, Speed.Processors)) + DeviceSeconds;
}
