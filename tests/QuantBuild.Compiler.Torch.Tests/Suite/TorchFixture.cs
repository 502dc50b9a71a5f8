using System.Globalization;
using QuantBuild.BackendTests;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Torch.Tests.Suite;

/// <summary>libtorch on the processor.</summary>
/// <param name="type">Element type of the model; layers are float32 always.</param>
/// <param name="tolerance">How far results may lie from exact ones.</param>
internal abstract class TorchFixture(ComputeDType type, Tolerance tolerance) : BackendFixture
{
    public override IComputeBackend Backend { get; } =
        new TorchProvider().Open(new ComputeSection(ComputeBackend.Torch, ComputeBackend.Torch) { DType = type }, new ComputeHost());

    public override Tolerance Tolerance => tolerance;

    /// <summary>
    /// Pages that the process already has, from making the layer, count for nothing: 0.42 to 0.95 is seen.
    /// </summary>
    public override double LeastPart => 0.35;

    /// <summary>
    /// The most that the process has of pages of its own beyond what it had: libtorch's memory is none of the collector's.
    /// </summary>
    public override (long AtLeast, long AtMost) Hold(Action work)
    {
        Backend.Start("a test");
        long before = Status("VmRSS");
        // The high-water mark begins anew.
        File.WriteAllText("/proc/self/clear_refs", "5");
        work();
        long held = Status("VmHWM") - before;
        return (held, held);
    }

    private static long Status(string name) => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}

/// <summary>float32.</summary>
internal sealed class Float32Fixture()
    : TorchFixture(ComputeDType.Float32, new Tolerance(Model: 1e-4, Quantized: 5e-3, Sums: 1e-4, Codes: 0.999));

/// <summary>bfloat16 operands in the model.</summary>
internal sealed class BFloat16Fixture()
    : TorchFixture(ComputeDType.BFloat16, new Tolerance(Model: 3e-2, Quantized: 3e-2, Sums: 1e-4, Codes: 0.999));
