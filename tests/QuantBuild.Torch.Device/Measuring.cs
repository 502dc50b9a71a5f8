using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Torch;
using QuantBuild.Torch.Native;
using TorchSharp;

namespace QuantBuild.DeviceTable;

/// <summary>What a measurement has: the device, and where its results go, each as soon as it is there.</summary>
/// <param name="options">What is said.</param>
/// <param name="row">The measurement.</param>
internal sealed class Measuring(DeviceOptions options, string row)
{
    private const int Batches = 5;
    private const double SecondsOfBatch = 0.05;

    /// <summary>The shapes.</summary>
    public Sizes Sizes => options.Sizes;

    /// <summary>Whether the device is a GPU.</summary>
    public bool IsCuda => options.Device != "cpu";

    /// <summary>Bytes of the device's memory; null when it is not known.</summary>
    public double? Memory => IsCuda ? TorchDevice.MemoryOf(options.Device) : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>What libtorch is opened with.</summary>
    public TorchOptions OptionsOf(TorchPrecision precision, bool fp8) => new()
    {
        Device = options.Device, LibraryFolder = options.Torch, Precision = precision, Fp8 = fp8, Threads = options.Threads,
        AcceptsOtherVersions = true,
    };

    /// <summary>Opens libtorch on the device.</summary>
    public TorchRuntime Open(TorchPrecision precision, bool fp8 = false) => TorchRuntime.Open(OptionsOf(precision, fp8));

    /// <summary>A result that is a number.</summary>
    public void Report(string name, double value, string unit, string? note = null)
    {
        var line = new JsonObject { ["row"] = row, ["name"] = name, ["value"] = Significant(value), ["unit"] = unit };
        Write(line, note);
    }

    /// <summary>A result that is a word.</summary>
    public void Report(string name, string value, string? note = null) =>
        Write(new JsonObject { ["row"] = row, ["name"] = name, ["value"] = value }, note);

    /// <summary>What could not be measured, and why.</summary>
    public void LeaveOut(string name, string why) => Write(new JsonObject { ["row"] = row, ["name"] = name, ["leftOut"] = why }, null);

    /// <summary>Seconds of some work on the device: the median of a few batches, each of as many runs as take a moment.</summary>
    public double Seconds(Action work)
    {
        Run(work, 1);
        double once = Run(work, 1);
        // What takes long is not run more often than is needed to see that it is the same again.
        if (once > 1)
            return Math.Min(once, Run(work, 1));
        int runs = Math.Max(1, (int)(SecondsOfBatch / once));
        double[] batches = [.. Enumerable.Range(0, Batches).Select(_ => Run(work, runs) / runs).Order()];
        return batches[Batches / 2];
    }

    private double Run(Action work, int runs)
    {
        Wait();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs; i++)
            work();
        Wait();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private void Wait()
    {
        if (IsCuda)
            torch.cuda.synchronize();
    }

    private static void Write(JsonObject line, string? note)
    {
        if (note is not null)
            line["note"] = note;
        // Whole lines, at once: a crash keeps what was said before it.
        Console.WriteLine(line.ToJsonString());
    }

    private static JsonNode? Significant(double value) => double.IsFinite(value)
        ? double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
        : JsonValue.Create(value.ToString(CultureInfo.InvariantCulture));
}
