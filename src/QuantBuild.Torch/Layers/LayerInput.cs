using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Layers;

/// <summary>What a quantized layer makes of its input: smoothed, rounded, and projected for the low-rank branch.</summary>
internal sealed class LayerInput : IDisposable
{
    private readonly QuantizedLayer _layer;
    private readonly IInputQuantizer _quantizer;
    private readonly InputForm _form;
    private readonly Tensor? _down;

    /// <summary>Brings the small parameters to the device.</summary>
    public LayerInput(QuantizedLayer layer, TensorSpace space, IInputQuantizer quantizer)
    {
        _layer = layer;
        _quantizer = quantizer;
        _form = new InputForm(
            layer.Smooth.IsEmpty ? null : space.Of(layer.Smooth.Span, layer.InFeatures).DetachFromDisposeScope(),
            layer.Rotation == Rotation.Hadamard32);
        _down = layer.Rank == 0 ? null : space.Of(layer.Down.Span, layer.Rank, layer.InFeatures).DetachFromDisposeScope();
    }

    /// <summary>
    /// Q(x / s) as values; x / s itself where activations are not quantized.
    /// </summary>
    /// <param name="x">The input.</param>
    /// <param name="timestep">Selects the bin.</param>
    /// <param name="target">Receives it, [tokens, in]; its rows may be parts of longer ones.</param>
    /// <returns>A (x / s), [tokens, rank] float32; null without a low-rank branch.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No bin of the layer has the timestep.</exception>
    public Tensor? Round(Tensor x, int timestep, Tensor target)
    {
        if (RoundingAt(timestep) is { } rounding)
            return Project(_quantizer.Round(x, _form, rounding, target, _down is not null));
        Tensor u = _quantizer.Smooth(x, _form);
        target.copy_(u);
        return Project(u);
    }

    /// <summary>Q(x / s) folded to FP8, with A (x / s).</summary>
    /// <param name="x">The input.</param>
    /// <param name="timestep">Selects the bin, which rounds.</param>
    /// <exception cref="ArgumentOutOfRangeException">No bin of the layer has the timestep.</exception>
    public (Fp8Fold.Rows Rows, Tensor? Projected) Fold(Tensor x, int timestep)
    {
        (Fp8Fold.Rows rows, Tensor? u) = _quantizer.Fold(x, _form, RoundingAt(timestep)!.Value, _down is not null);
        return (rows, Project(u));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _form.Smooth?.Dispose();
        _down?.Dispose();
    }

    private Tensor? Project(Tensor? u) => _down is null ? null : nn.functional.linear(u!, _down);

    private InputRounding? RoundingAt(int timestep) => _layer.Activations is { } policy && policy.At(timestep).Clip is { } clip
        ? new InputRounding(clip, policy.Ties)
        : null;
}
