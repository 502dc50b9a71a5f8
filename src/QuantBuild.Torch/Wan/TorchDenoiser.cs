using System.Runtime.InteropServices;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Streaming;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Wan;

/// <summary>The Wan2.2 diffusion Transformer on a device: shared parameters and its own working memory.</summary>
/// <remarks>
/// Norms, modulation and the residual stream are float32; products have operands of the space's type, sums in float32. Every tensor of a
/// pass is gone when it ends.
/// </remarks>
internal sealed class TorchDenoiser(WanParameters weights, TensorSpace space) : IDenoiser
{
    private readonly WanConfig _config = weights.Config;
    private readonly WanEmbeddings _embeddings = new(weights, space);
    private bool _isDisposed;

    /// <summary>What was counted of its blocks, where they are streamed.</summary>
    internal ResidentTally Streamed => weights.Loader.Tally;

    /// <inheritdoc/>
    /// <remarks>The number of threads is the runtime's, for all that it opened: results depend on it.</remarks>
    /// <exception cref="TorchException">The device has too little memory, or the velocity has values that are not finite.</exception>
    public void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning, Span<float> velocity,
        ISiteObserver? observer = null, int threads = 1, CancellationToken ct = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        WanShapes.Check(_config, shape, latent.Length, timestep, conditioning, velocity.Length);
        ct.ThrowIfCancellationRequested();
        try
        {
            using TensorWork work = space.Begin();
            Tensor output = Run(shape, latent, timestep, conditioning, observer, ct);
            TensorSpace.CopyToHost(output, MemoryMarshal.AsBytes(velocity));
        }
        catch (ExternalException e) when (TorchErrors.IsOutOfMemory(e))
        {
            throw TorchErrors.OutOfMemory(e, space.Device, $"a pass over {shape.Volume / Patches.Size} tokens");
        }
        if (!Finite.IsFinite(velocity))
            throw new TorchException(TorchProblem.NotFinite,
                $"the velocity of timestep {timestep} has values that are not finite: weights are damaged, or the input is");
    }

    /// <inheritdoc/>
    public IDenoiser Share()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new TorchDenoiser(weights.Share(), space);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _embeddings.Dispose();
        weights.Release();
    }

    private Tensor Run(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning, ISiteObserver? observer,
        CancellationToken ct)
    {
        using BlockStream? blocks = weights.Loader.Stream(ct);
        (Tensor time, Tensor modulation) = _embeddings.Time(timestep);
        var pass = new WanPass(timestep, modulation, _embeddings.Text(conditioning, timestep), _embeddings.Turns(shape), observer, ct);
        Tensor input = Gather(latent, shape);
        if (_config.ConditionDim > 0)
            input = cat([input, Gather(conditioning.Y.Span, shape)], 1);
        Tensor x = weights.PatchEmbedding.Apply(input, timestep).to(ScalarType.Float32);
        for (int block = 0; block < weights.Blocks.Count; block++)
        {
            blocks?.Enter(block);
            new TorchBlock(weights.Blocks[block], _config, space, pass, block).Run(x);
        }
        Tensor head = weights.HeadModulation.view(2, _config.Dim).Plus(time.view(1, _config.Dim));
        Tensor normal = nn.functional.layer_norm(x, [_config.Dim], null, null, _config.Eps).mul(head[1].Plus(HeldScalars.One))
            .Plus(head[0]);
        return Scatter(weights.Head.Apply(normal, timestep), shape);
    }

    /// <summary>Patches of 2 x 2 elements, one per token, a channel's elements adjacent: [tokens, 4 channels].</summary>
    private Tensor Gather(ReadOnlySpan<float> latent, LatentShape shape) =>
        space.Of(latent, latent.Length / shape.Volume, shape.Frames, shape.Height / 2, 2, shape.Width / 2, 2)
            .permute(1, 2, 4, 0, 3, 5).reshape(shape.Volume / Patches.Size, -1);

    /// <summary>Tokens, whose channels are adjacent, back to a latent: [channels, frames, height, width].</summary>
    private Tensor Scatter(Tensor tokens, LatentShape shape) =>
        tokens.view(shape.Frames, shape.Height / 2, shape.Width / 2, 2, 2, _config.OutDim).permute(5, 0, 1, 3, 2, 4).contiguous();
}
