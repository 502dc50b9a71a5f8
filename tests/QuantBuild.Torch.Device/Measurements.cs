using System.Runtime.InteropServices;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.DeviceTable.Rows;
using QuantBuild.Torch.Native;

namespace QuantBuild.DeviceTable;

/// <summary>The measurements, in the order of their worth: what the limit of time leaves out is what comes last.</summary>
internal static class Measurements
{
    /// <summary>Exit status of a process whose measurement could not be made; the reason is the last line of its errors.</summary>
    public const int CannotMeasure = 3;

    /// <summary>A measurement.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Seconds">What it may take; most take a small part.</param>
    /// <param name="Run">Measures.</param>
    public sealed record Measurement(string Name, int Seconds, Action<Measuring> Run);

    public static IReadOnlyList<Measurement> All { get; } =
    [
        new("machine", 60, MachineRow.Run),
        new("parity", 90, ParityRow.Run),
        new("linear", 60, LinearRow.Run),
        new("quantizer", 40, QuantizerRow.Run),
        new("attention", 40, AttentionRow.Run),
        new("repeat", 60, RepeatRow.Run),
        new("again", 60, RepeatRow.Run),
        new("step", 90, StepRow.RunFull),
        new("step-4bit", 90, StepRow.RunQuantized),
        new("layer-square", 90, measuring => LayerRow.Run(measuring, 0)),
        new("layer-wide", 90, measuring => LayerRow.Run(measuring, 1)),
        new("layer-deep", 150, measuring => LayerRow.Run(measuring, 2)),
    ];

    /// <summary>Runs one in this process.</summary>
    public static int Run(DeviceOptions options, string name)
    {
        try
        {
            All.Single(measurement => measurement.Name == name).Run(new Measuring(options, name));
            return 0;
        }
        catch (Exception e) when (e is TorchException or ExternalException or DiagnosticException)
        {
            Console.Error.WriteLine(e.Message.Split('\n')[0].Trim());
            return CannotMeasure;
        }
    }
}
