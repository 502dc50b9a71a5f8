using QuantBuild.Kernels;
using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>What a quantized layer makes of its input: smoothed, rounded, and projected for the low-rank branch; in float32.</summary>
internal sealed class LayerInput : IDisposable
{
    private readonly QuantizedLayer _layer;
    private readonly Mxfp4Tables _tables;
    private readonly Tensor? _smooth;
    private readonly Tensor? _rotation;
    private readonly Tensor? _down;

    /// <summary>Brings the small parameters to the device.</summary>
    public LayerInput(QuantizedLayer layer, TensorSpace space, Mxfp4Tables tables)
    {
        _layer = layer;
        _tables = tables;
        _smooth = layer.Smooth.IsEmpty ? null : space.Of(layer.Smooth.Span, layer.InFeatures).DetachFromDisposeScope();
        _rotation = layer.Rotation == Rotation.Hadamard32
            ? space.Of(Hadamard.Matrix(), Hadamard.Block, Hadamard.Block).DetachFromDisposeScope()
            : null;
        _down = layer.Rank == 0 ? null : space.Of(layer.Down.Span, layer.Rank, layer.InFeatures).DetachFromDisposeScope();
    }

    /// <summary>x / s, rotated.</summary>
    public Tensor Smooth(Tensor x)
    {
        Tensor u = x.to(ScalarType.Float32);
        u = _smooth is null ? u : u / _smooth;
        return _rotation is null ? u : u.reshape(-1, Hadamard.Block).mm(_rotation).view(u.shape);
    }

    /// <summary>A (x / s), [tokens, rank]; null without a low-rank branch.</summary>
    /// <param name="u">The smoothed input.</param>
    public Tensor? Project(Tensor u) => _down is null ? null : nn.functional.linear(u, _down);

    /// <summary>Q(x / s) as values; the smoothed input itself where activations are not quantized.</summary>
    /// <param name="u">The smoothed input.</param>
    /// <param name="timestep">Selects the bin.</param>
    public Tensor Quantize(Tensor u, int timestep) =>
        Blocks(u, timestep) is { } blocks ? Mxfp4Activations.Values(blocks, u.shape[1], _tables) : u;

    /// <summary>The smoothed input in blocks; null where activations are not quantized.</summary>
    /// <param name="u">The smoothed input.</param>
    /// <param name="timestep">Selects the bin.</param>
    /// <exception cref="ArgumentOutOfRangeException">No bin of the layer has the timestep.</exception>
    public Mxfp4Activations.Blocks? Blocks(Tensor u, int timestep) => _layer.Activations is { } policy
        && policy.At(timestep).Clip is { } clip
        ? Mxfp4Activations.Round(u, clip, policy.Ties, _tables)
        : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _smooth?.Dispose();
        _rotation?.Dispose();
        _down?.Dispose();
    }
}
