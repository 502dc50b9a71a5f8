using QuantBuild.Artifacts;
using QuantBuild.Compiler.Torch.Sessions;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Torch.Native;

namespace QuantBuild.Compiler.Torch;

/// <summary>Experts on the device, as stages use them: one pass at a time, failures with codes.</summary>
/// <param name="session">Has the device.</param>
internal sealed class TorchModels(TorchSession session) : IDenoiserFactory
{
    /// <inheritdoc/>
    public IDenoiser Open(WanConfig config, ITensorSource weights, WeightStorage storage = WeightStorage.Resident) =>
        Opened(() => session.Runtime().Open(config, weights, storage));

    /// <inheritdoc/>
    public IDenoiser Open(ArtifactExpertModel quantized, WeightStorage storage = WeightStorage.Resident) =>
        Opened(() => session.Runtime().Open(quantized, storage));

    private Denoiser Opened(Func<IDenoiser> open)
    {
        lock (session.Device)
            return new Denoiser(TorchDiagnostics.Guard(open), session);
    }

    private sealed class Denoiser(IDenoiser inner, TorchSession session) : IDenoiser
    {
        public void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning, Span<float> velocity,
            ISiteObserver? observer = null, int threads = 1, CancellationToken ct = default)
        {
            lock (session.Device)
            {
                try
                {
                    inner.Predict(shape, latent, timestep, conditioning, velocity, observer, threads, ct);
                }
                catch (TorchException e) when (e.Problem == TorchProblem.NotFinite)
                {
                    // The values are there: whoever asked looks at them, and knows sample and step.
                }
                catch (Exception e) when (TorchDiagnostics.IsFailure(e))
                {
                    throw TorchDiagnostics.Of(e);
                }
            }
        }

        public IDenoiser Share() => new Denoiser(inner.Share(), session);

        public void Dispose()
        {
            lock (session.Device)
                inner.Dispose();
        }
    }
}
