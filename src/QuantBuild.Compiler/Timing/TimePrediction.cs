using QuantBuild.Compiler.Costs;

namespace QuantBuild.Compiler.Timing;

/// <summary>How long a planned build would take.</summary>
/// <param name="Stages">Every stage, in the order of work.</param>
/// <param name="Threads">Threads that it would use.</param>
/// <param name="Speed">What it was computed from.</param>
/// <param name="Start">Processor seconds of what is no action: the program's start and the plan.</param>
internal sealed record TimePrediction(IReadOnlyList<StageTime> Stages, int Threads, MachineSpeed Speed, double Start)
{
    /// <summary>Processor seconds of all that would run.</summary>
    public double ProcessorSeconds => Start + Stages.Sum(stage => stage.Seconds);

    /// <summary>Seconds on a machine that does nothing else: actions run side by side, one per thread.</summary>
    public double Seconds => ProcessorSeconds / Math.Min(Threads, Speed.Processors);
}
