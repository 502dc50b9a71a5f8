using System.Diagnostics.CodeAnalysis;
using QuantBuild.Compiler.Torch.Sessions;
using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Text;
using QuantBuild.Torch;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Vae;

namespace QuantBuild.Compiler.Torch;

/// <summary>Text encoder and autoencoder on the device, as stages use them: one call at a time, failures with codes.</summary>
/// <param name="session">Has the device.</param>
internal sealed class TorchEncoders(TorchSession session) : IEncoderFactory
{
    /// <inheritdoc/>
    public ITextEncoder OpenTextEncoder(TextEncoderConfig config, ITensorSource source) =>
        new TextEncoder(((IEncoderFactory)session.Runtime()).OpenTextEncoder(config, source), session);

    /// <inheritdoc/>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The autoencoder owns it.")]
    public VideoAutoencoder OpenAutoencoder(VaeConfig config, ITensorSource source, VaeTiling? tiling)
    {
        TorchRuntime runtime = session.Runtime();
        return new VideoAutoencoder(config,
            new Engine(new TorchVaeEngine(config, VaeNames.Official(config, source), runtime.Space), session)) { Tiling = tiling };
    }

    private static T Guard<T>(TorchSession session, Func<T> work)
    {
        lock (session.Device)
            return TorchDiagnostics.Guard(work);
    }

    private sealed class TextEncoder(ITextEncoder inner, TorchSession session) : ITextEncoder
    {
        public int Dim => inner.Dim;

        public float[] Encode(ReadOnlySpan<int> ids, int threads = 1, CancellationToken ct = default)
        {
            int[] tokens = [.. ids];
            return Guard(session, () => inner.Encode(tokens, threads, ct));
        }

        public void Dispose()
        {
            lock (session.Device)
                inner.Dispose();
        }
    }

    private sealed class Engine(TorchVaeEngine inner, TorchSession session) : IVaeEngine
    {
        public IVaePass StartEncoding() => new Pass(Guard(session, inner.StartEncoding), session);

        public IVaePass StartDecoding() => new Pass(Guard(session, inner.StartDecoding), session);

        public void Dispose()
        {
            lock (session.Device)
                inner.Dispose();
        }
    }

    private sealed class Pass(IVaePass inner, TorchSession session) : IVaePass
    {
        public void Push(ReadOnlySpan<float> planes, (int Height, int Width) size, PlanesWriter done, int threads, CancellationToken ct)
        {
            lock (session.Device)
            {
                try
                {
                    inner.Push(planes, size, done, threads, ct);
                }
                catch (Exception e) when (TorchDiagnostics.IsFailure(e))
                {
                    throw TorchDiagnostics.Of(e);
                }
            }
        }

        public void Restart() => inner.Restart();

        public void Dispose()
        {
            lock (session.Device)
                inner.Dispose();
        }
    }
}
