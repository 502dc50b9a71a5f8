using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Vae;

/// <summary>The layers on the processor; weights are read when encoder or decoder are first used.</summary>
internal sealed class CpuVaeEngine(VaeConfig config, ITensorSource source) : IVaeEngine
{
    private readonly Lazy<IVaeLayer[]> _encoder = new(() => new CpuVaeBuilder(config, source).Encoder());
    private readonly Lazy<IVaeLayer[]> _decoder = new(() => new CpuVaeBuilder(config, source).Decoder());

    /// <inheritdoc/>
    public IVaePass StartEncoding() => new Pass(_encoder.Value);

    /// <inheritdoc/>
    public IVaePass StartDecoding() => new Pass(_decoder.Value);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Its memory is the garbage collector's.
    }

    private sealed class Pass(IVaeLayer[] layers) : IVaePass
    {
        private readonly VaeState _state = new(new FeaturePool());
        private float[] _planes = [];

        public void Push(ReadOnlySpan<float> planes, (int Height, int Width) size, PlanesWriter done, int threads, CancellationToken ct)
        {
            FeatureMap x = _state.Take(1, size.Height, size.Width, planes.Length / (size.Height * size.Width));
            x.Fill(planes);
            Push(layers, x, done, threads, ct);
            _state.IsFirst = false;
        }

        public void Restart()
        {
            _state.Release();
            _state.IsFirst = true;
        }

        public void Dispose() => _state.Release();

        private void Push(ReadOnlySpan<IVaeLayer> rest, FeatureMap x, PlanesWriter done, int threads, CancellationToken ct)
        {
            if (rest.IsEmpty)
            {
                if (_planes.Length != x.FrameLength)
                    _planes = new float[x.FrameLength];
                x.CopyPlanes(_planes);
                _state.Give(x);
                done(_planes);
                return;
            }
            FeatureMap? y = rest[0].Apply(x, _state, threads, ct);
            _state.Give(x);
            if (y is { Frames: 1 })
            {
                Push(rest[1..], y, done, threads, ct);
            }
            else if (y is not null)
            {
                // Each goes on alone: the features of one frame are in memory at a time, whatever is doubled.
                for (int frame = 0; frame < y.Frames; frame++)
                {
                    FeatureMap one = _state.Take(1, y.Height, y.Width, y.Channels);
                    y.Data.AsSpan(frame * y.FrameLength, y.FrameLength).CopyTo(one.Data);
                    Push(rest[1..], one, done, threads, ct);
                }
                _state.Give(y);
            }
        }
    }
}
