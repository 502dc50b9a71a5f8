using QuantBuild.Artifacts;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Torch.Native;

namespace QuantBuild.Compiler.Torch;

/// <summary>Experts on the device, as stages use them: one pass at a time, failures with codes.</summary>
/// <param name="backend">Has the device.</param>
internal sealed class TorchModels(TorchBackend backend) : IDenoiserFactory
{
    /// <inheritdoc/>
    public IDenoiser Open(WanConfig config, ITensorSource weights, WeightStorage storage = WeightStorage.Resident) =>
        Opened(() => backend.Runtime().Open(config, weights, storage));

    /// <inheritdoc/>
    public IDenoiser Open(ArtifactExpertModel quantized, WeightStorage storage = WeightStorage.Resident) =>
        Opened(() => backend.Runtime().Open(quantized, storage));

    private Denoiser Opened(Func<IDenoiser> open)
    {
        lock (backend.Device)
            return new Denoiser(TorchDiagnostics.Guard(open), backend);
    }

    private sealed class Denoiser(IDenoiser inner, TorchBackend backend) : IDenoiser
    {
        public void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning, Span<float> velocity,
            ISiteObserver? observer = null, int threads = 1, CancellationToken ct = default)
        {
            lock (backend.Device)
            {
                try
                {
                    inner.Predict(shape, latent, timestep, conditioning, velocity, observer, threads, ct);
                }
                catch (TorchException e) when (e.Problem == TorchProblem.NotFinite)
                {
                    // The values are there: whoever asked looks at them, and knows sample and step.
                }
                catch (TorchException e)
                {
                    throw TorchDiagnostics.Of(e);
                }
            }
        }

        public IDenoiser Share() => new Denoiser(inner.Share(), backend);

        public void Dispose()
        {
            lock (backend.Device)
                inner.Dispose();
        }
    }
}
