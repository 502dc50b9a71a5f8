using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Torch.Layers;
using QuantBuild.Denoisers;
using QuantBuild.Pipelines;
using QuantBuild.Torch;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Tensors;

namespace QuantBuild.Compiler.Torch;

/// <summary>
/// The backend <c>torch</c>: experts in the manifest's element type, layers in float32 always. It is named without libtorch and without a
/// device; both are started when something has to be computed.
/// </summary>
/// <param name="choice">What it computes on.</param>
internal sealed class TorchBackend(TorchChoice choice) : IComputeBackend
{
    private readonly Lock _gate = new();
    private TorchRuntime? _runtime;

    /// <inheritdoc/>
    public string Name => "torch";

    /// <inheritdoc/>
    public IDenoiserFactory Models => field ??= new TorchModels(this);

    /// <inheritdoc/>
    public IEncoderFactory Encoders => TorchDiagnostics.Guard(Runtime);

    /// <summary>One thing at a time has the device: its memory is counted for one, and threads of products are the process's.</summary>
    public Lock Device { get; } = new();

    /// <summary>Whether the device has memory of its own.</summary>
    public bool IsCuda => choice.Options.Device != "cpu";

    private string Machine => choice.Expected ?? Own;

    private string Own => TorchProfile.MachineOf(choice.Options);

    /// <inheritdoc/>
    public NumericProfile ProfileOf(ComputeGroup group) =>
        group == ComputeGroup.Fixed ? NumericProfile.Cpu : new NumericProfile(
            TorchProfile.NameOf(Machine, group == ComputeGroup.Layers ? TorchPrecision.Float32 : choice.Options.Precision, isFp8: false),
            BitExact: false);

    /// <inheritdoc/>
    /// <exception cref="DiagnosticException">libtorch or the device cannot be had (QB3240 to QB3245).</exception>
    public void Start() => _ = Runtime();

    /// <inheritdoc/>
    public ILayerCompute Open(ILayerData layer) => new TorchLayer(layer, this);

    /// <inheritdoc/>
    public ResourceNeed NeedOf(LayerStep step, LayerSpec layer, long tokens, int threads)
    {
        (long host, long device) = TorchNeeds.Of(step, layer);
        return IsCuda ? new ResourceNeed(host, device) : new ResourceNeed(host + device);
    }

    /// <summary>The runtime of the device; started on first use.</summary>
    /// <exception cref="DiagnosticException">It cannot be had.</exception>
    public TorchRuntime Runtime()
    {
        lock (_gate)
        {
            if (_runtime is not null)
                return _runtime;
            if (Machine != Own)
                throw new DiagnosticException(Descriptors.TorchProfileDiffers.At(null, Machine, Own));
            return _runtime = TorchDiagnostics.Guard(() => TorchRuntime.Open(choice.Options));
        }
    }

    /// <summary>Where layers are computed.</summary>
    public TensorSpace LayerSpace() => new(Runtime().Space.Device, TorchSharp.torch.ScalarType.Float32);
}
