using QuantBuild.Kernels;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>Smoothing, rotation, rounding and folding by libtorch's own operations, on any device.</summary>
internal sealed class OperationQuantizer : IInputQuantizer, IDisposable
{
    /// <summary>
    /// Tokens that are rounded at once, each by itself: of one value there are some 35 forms of four bytes on the way.
    /// </summary>
    public const int TokensAtOnce = 1024;

    private readonly Mxfp4Tables _tables;
    private readonly Tensor? _rotation;

    /// <summary>Brings what it needs to the device.</summary>
    /// <param name="space">The device.</param>
    /// <param name="tables">Its tables; must outlive the quantizer.</param>
    /// <param name="byStages">
    /// Whether rotations add in the order of the kernels, which a product with the matrix does not: on a GPU, so that bytes do not depend
    /// on whether the kernel is there.
    /// </param>
    public OperationQuantizer(TensorSpace space, Mxfp4Tables tables, bool byStages)
    {
        _tables = tables;
        _rotation = byStages ? null : space.Of(Hadamard.Matrix(), Hadamard.Block, Hadamard.Block).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Smooth(Tensor x, InputForm form)
    {
        Tensor u = x.to(ScalarType.Float32);
        u = form.Smooth is null ? u : u / form.Smooth;
        return !form.IsRotated ? u
            : _rotation is null ? HadamardStages.Apply(u)
            : u.reshape(-1, Hadamard.Block).mm(_rotation).view(u.shape);
    }

    /// <inheritdoc/>
    public Tensor? Round(Tensor x, InputForm form, InputRounding rounding, Tensor target, bool keepsSmoothed)
    {
        Tensor u = Smooth(x, form);
        for (long first = 0; first < u.shape[0]; first += TokensAtOnce)
        {
            using DisposeScope scope = NewDisposeScope();
            long count = Math.Min(TokensAtOnce, u.shape[0] - first);
            target.narrow(0, first, count).copy_(Mxfp4Activations.Values(Blocks(u.narrow(0, first, count), rounding), u.shape[1], _tables));
        }
        return keepsSmoothed ? u : null;
    }

    /// <inheritdoc/>
    public (Fp8Fold.Rows Rows, Tensor? Smoothed) Fold(Tensor x, InputForm form, InputRounding rounding, bool keepsSmoothed)
    {
        Tensor u = Smooth(x, form);
        Mxfp4Activations.Blocks blocks = Blocks(u, rounding);
        return (Fp8Fold.Fold(blocks.Units, blocks.Scales, _tables), keepsSmoothed ? u : null);
    }

    /// <inheritdoc/>
    public void Dispose() => _rotation?.Dispose();

    private Mxfp4Activations.Blocks Blocks(Tensor u, InputRounding rounding) =>
        Mxfp4Activations.Round(u, rounding.Clip, rounding.Ties, _tables);
}
