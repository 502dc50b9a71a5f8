using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Kernels;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Inputs;

/// <summary>A layer's recorded tokens on the device, a portion at a time.</summary>
/// <param name="data">The layer.</param>
/// <param name="space">The device.</param>
/// <param name="ct">Ends the work between portions.</param>
internal sealed class LayerTokens(ILayerData data, TensorSpace space, CancellationToken ct)
{
    /// <summary>Tokens at once.</summary>
    public const int AtOnce = 1024;

    /// <summary>Calls for every portion.</summary>
    /// <param name="steps">Which steps' tokens.</param>
    /// <param name="weights">Has the smoothing vector and the rotation.</param>
    /// <param name="work">
    /// Given tokens as recorded and after smoothing and rotation, [tokens, in] float32; both, and what it makes, are gone when it returns.
    /// </param>
    /// <param name="samples">Tells which samples, by index; null for all.</param>
    /// <returns>How many tokens there were.</returns>
    /// <exception cref="NumericException">An activation is not finite, before or after smoothing.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public long ForPortions(IReadOnlyCollection<int> steps, LayerWeights weights, Action<Tensor, Tensor> work,
        Func<int, bool>? samples = null)
    {
        int channels = data.Layer.InFeatures;
        long count = 0;
        (Tensor? scale, Tensor? rotation) = (weights.Scale(), weights.Rotation());
        foreach (Memory<float> portion in data.Tokens.Portions(steps, AtOnce, samples))
        {
            ct.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            Tensor tokens = space.Of(portion.Span, portion.Length / channels, channels), smoothed = tokens;
            FiniteTensor.Check(NumericException.Activation, tokens);
            if (scale is not null)
                smoothed = tokens / scale;
            if (rotation is not null)
                smoothed = Rotated(smoothed, rotation);
            if (scale is not null || rotation is not null)
                FiniteTensor.Check("smoothed activation", smoothed);
            work(tokens, smoothed);
            count += tokens.shape[0];
        }
        return count;
    }

    /// <summary>Tokens whose blocks of channels are transformed.</summary>
    /// <param name="x">[tokens, in] float32.</param>
    /// <param name="rotation">The transform of a block of channels.</param>
    public static Tensor Rotated(Tensor x, Tensor rotation) => x.reshape(-1, Hadamard.Block).mm(rotation).view(x.shape);
}
