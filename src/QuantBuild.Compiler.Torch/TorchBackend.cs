using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Torch.Layers;
using QuantBuild.Compiler.Torch.Sessions;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Compiler.Torch.Passes;
using QuantBuild.Pipelines;

namespace QuantBuild.Compiler.Torch;

/// <summary>
/// The backend <c>torch</c>: experts in the manifest's element type, layers in float32 always. It is named without libtorch and without a
/// device; both are started when something has to be computed.
/// </summary>
/// <param name="session">The device.</param>
internal sealed class TorchBackend(TorchSession session) : IComputeBackend
{
    /// <inheritdoc/>
    public string Name => "torch";

    /// <inheritdoc/>
    public IDenoiserFactory Models { get; } = new TorchModels(session);

    /// <inheritdoc/>
    public IEncoderFactory Encoders { get; } = new TorchEncoders(session);

    /// <inheritdoc/>
    public NumericProfile ProfileOf(ComputeGroup group) => group == ComputeGroup.Fixed
        ? NumericProfile.Cpu
        : new NumericProfile(session.ProfileOf(group == ComputeGroup.Layers), BitExact: false);

    /// <inheritdoc/>
    /// <exception cref="Diagnostics.DiagnosticException">libtorch or the device cannot be had (QB3240 to QB3245).</exception>
    public void Start(string needed) => session.Start(needed);

    /// <inheritdoc/>
    /// <remarks>
    /// On a device with memory of its own, or a limit: there, when both experts, or one at a time, leave room for the work beside them.
    /// </remarks>
    public ModelPlacement Place(ModelElements weights, long budget)
    {
        if (session.WeightMemory is not { } memory)
            return session.IsCuda ? new ModelPlacement(WeightStorage.Resident, 0) : ModelPlacement.OnHost(weights, budget);
        long both = session.WeightBytes * weights.Both, larger = session.WeightBytes * weights.Larger;
        if (larger > memory)
            return new ModelPlacement(WeightStorage.Mapped, 0);
        return new ModelPlacement(WeightStorage.Resident, session.IsCuda ? 0 : both > memory ? larger : both, both > memory);
    }

    /// <inheritdoc/>
    public ModelNeed NeedOf(ModelPlacement placement, ModelElements weights, WanConfig config, LatentShape shape, bool is4Bit) =>
        new(PassNeeds.Weights(placement, weights, config, session.WeightBytes),
            PassNeeds.Activations(config, shape, session.WeightBytes, is4Bit), session.IsCuda);

    /// <inheritdoc/>
    /// <remarks>All of it: experts are gone from the device when layers begin.</remarks>
    public long? DeviceMemory => session.Memory;

    /// <inheritdoc/>
    public bool HasOwnMemory => session.IsCuda;

    /// <inheritdoc/>
    public BackendReport Inspect(bool measure) => session.Inspect(measure);

    /// <inheritdoc/>
    public ILayerCompute Open(ILayerData layer) => new TorchLayer(layer, session);

    /// <inheritdoc/>
    public ResourceNeed NeedOf(LayerStep step, LayerSpec layer, long tokens, int threads)
    {
        (long host, long device) = TorchNeeds.Of(step, layer);
        return session.IsCuda ? new ResourceNeed(host, device) : new ResourceNeed(host + device, device);
    }
}
