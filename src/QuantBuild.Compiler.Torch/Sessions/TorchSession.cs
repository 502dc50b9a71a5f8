using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Torch;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Sessions;

/// <summary>The device of a backend: named at once, started when something has to be computed.</summary>
/// <param name="choice">What it is.</param>
internal sealed class TorchSession(TorchChoice choice)
{
    private readonly Lock _gate = new();
    private TorchRuntime? _runtime;

    /// <summary>Taken by whoever computes: the device's memory is counted for one, and threads of products are the process's.</summary>
    public Lock Device { get; } = new();

    /// <summary>Whether the device has memory of its own.</summary>
    public bool IsCuda => choice.Options.Device != "cpu";

    /// <summary>Bytes of a weight's element.</summary>
    public int WeightBytes => choice.Options.Precision == TorchPrecision.Float32 ? 4 : 2;

    /// <summary>
    /// Bytes of the device, or of the limit. Null where it is not known: on a processor without a limit, and without the GPU.
    /// </summary>
    public long? Memory => choice.Memory ?? (IsCuda ? TorchDevice.MemoryOf(choice.Options.Device) : null);

    /// <summary>
    /// Bytes that weights of experts may take on the device, three quarters of what there is or of the limit: what is left is for a pass.
    /// </summary>
    public long? WeightMemory => Memory * 3 / 4;

    /// <summary>Where layers are computed: in float32 always.</summary>
    /// <exception cref="DiagnosticException">The device cannot be had.</exception>
    public TensorSpace LayerSpace => new(Runtime().Space.Device, ScalarType.Float32) { Threads = choice.Options.Threads };

    private string Machine => choice.Expected ?? Own;

    private string Own => TorchProfile.MachineOf(choice.Options.Device, choice.Options.Threads);

    /// <summary>The name of the arithmetic, for which nothing has to be there.</summary>
    /// <param name="layers">Whether that of layers is asked for.</param>
    public string ProfileOf(bool layers) => choice.NameOf(Machine, layers);

    /// <summary>Starts the device.</summary>
    /// <param name="needed">What has to be computed, for the message.</param>
    /// <exception cref="DiagnosticException">It cannot be had (QB3240 to QB3245).</exception>
    public void Start(string needed)
    {
        if (Machine != Own)
            throw new DiagnosticException(Descriptors.TorchProfileDiffers.At(null, needed, Machine, Own));
        _ = Runtime();
    }

    /// <summary>Starts the device, and tells of it.</summary>
    /// <param name="measure">Whether its speed is measured.</param>
    /// <exception cref="DiagnosticException">It cannot be had (QB3240 to QB3244).</exception>
    public BackendReport Inspect(bool measure)
    {
        TorchRuntime runtime = Runtime();
        TensorSpace space = runtime.Space;
        lock (Device)
        {
            using TensorWork work = space.Begin();
            return new BackendReport($"libtorch {TorchLibrary.Version} of {TorchLibrary.Loaded}",
                TorchDevice.Describe(choice.Options.Device, choice.Options.Threads)
                    + (IsCuda ? $"; activations are rounded by {runtime.Rounding}" : ""), runtime.Profile, measure
                    ? new ProductSeconds(ProductProbe.Run(space.Device, space.Type), ProductProbe.Run(space.Device, ScalarType.Float32))
                    : null);
        }
    }

    /// <summary>The runtime of the device; started on first use.</summary>
    /// <exception cref="DiagnosticException">It cannot be had (QB3240 to QB3244).</exception>
    public TorchRuntime Runtime()
    {
        lock (_gate)
            return _runtime ??= TorchDiagnostics.Guard(() => TorchRuntime.Open(choice.Options));
    }
}
