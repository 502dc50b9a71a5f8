using System.Runtime.InteropServices;
using QuantBuild.Models.Vae;
using QuantBuild.SafeTensors;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Vae;

/// <summary>The autoencoder's layers on a device, in float32; weights are brought there when encoder or decoder are first used.</summary>
/// <param name="config">Shape of the autoencoder.</param>
/// <param name="source">Its tensors, under the official names.</param>
/// <param name="space">The device.</param>
internal sealed class TorchVaeEngine(VaeConfig config, ITensorSource source, TensorSpace space) : IVaeEngine
{
    private readonly TorchVaeBuilder _builder = new(config, source, space);
    private ITorchVaeLayer[]? _encoder;
    private ITorchVaeLayer[]? _decoder;

    /// <inheritdoc/>
    public IVaePass StartEncoding() => new Pass(_encoder ??= Brought(_builder.Encoder), space);

    /// <inheritdoc/>
    public IVaePass StartDecoding() => new Pass(_decoder ??= Brought(_builder.Decoder), space);

    /// <inheritdoc/>
    public void Dispose() => _builder.Dispose();

    private ITorchVaeLayer[] Brought(Func<ITorchVaeLayer[]> half)
    {
        try
        {
            return half();
        }
        catch (ExternalException e) when (TorchErrors.IsOutOfMemory(e))
        {
            throw TorchErrors.OutOfMemory(e, space.Device, "the weights of the autoencoder");
        }
    }

    private sealed class Pass(ITorchVaeLayer[] layers, TensorSpace space) : IVaePass
    {
        private readonly VaeMemoryOfVideo _memory = new();
        private float[] _planes = [];

        public void Push(ReadOnlySpan<float> planes, (int Height, int Width) size, PlanesWriter done, int threads, CancellationToken ct)
        {
            try
            {
                using TensorWork work = space.Begin();
                Push(layers, space.Of(planes, 1, planes.Length / (size.Height * size.Width), 1, size.Height, size.Width), done, ct);
                _memory.IsFirst = false;
            }
            catch (ExternalException e) when (TorchErrors.IsOutOfMemory(e))
            {
                throw new TorchException(TorchProblem.OutOfMemory,
                    $"the memory of {space.Device} does not suffice for a frame of the autoencoder; take tiles (VaeTiling)", e);
            }
        }

        public void Restart() => _memory.Dispose();

        public void Dispose() => _memory.Dispose();

        private void Push(ReadOnlySpan<ITorchVaeLayer> rest, Tensor x, PlanesWriter done, CancellationToken ct)
        {
            ct.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            for (; !rest.IsEmpty; rest = rest[1..])
            {
                Tensor? y = rest[0].Apply(x, _memory);
                if (y is null)
                    return;
                if (y.shape[2] > 1)
                {
                    // Each goes on alone: the features of one frame are in memory at a time, whatever is doubled.
                    for (long frame = 0; frame < y.shape[2]; frame++)
                        Push(rest[1..], y.narrow(2, frame, 1), done, ct);
                    return;
                }
                x = y;
                scope.DisposeEverythingBut(x);
            }
            if (_planes.Length != x.numel())
                _planes = new float[x.numel()];
            TensorSpace.CopyToHost(x, MemoryMarshal.AsBytes(_planes.AsSpan()));
            done(_planes);
        }
    }
}
