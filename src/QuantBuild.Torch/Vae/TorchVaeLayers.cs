using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Vae;

/// <summary>Normalization over channels, SiLU, and a convolution.</summary>
internal sealed class TorchNormalizedConvolution(Tensor gain, TorchVideoConvolution convolution) : ITorchVaeLayer
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor x, VaeMemoryOfVideo memory)
    {
        using DisposeScope scope = NewDisposeScope();
        return convolution.Apply(nn.functional.silu(Normalize(x, gain)), memory).MoveToOuterDisposeScope();
    }

    /// <summary>Channels of every pixel to unit length, times the square root of their number and a gain.</summary>
    public static Tensor Normalize(Tensor x, Tensor gain) =>
        nn.functional.normalize(x, 2, 1, 1e-12).Scale(Math.Sqrt(x.shape[1])).mul_(gain.view(1, -1, 1, 1, 1));
}

/// <summary>Two normalized convolutions beside a shortcut.</summary>
internal sealed class TorchResidualBlock(ITorchVaeLayer first, ITorchVaeLayer second, TorchVideoConvolution? shortcut) : ITorchVaeLayer
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor x, VaeMemoryOfVideo memory)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor y = second.Apply(first.Apply(x, memory)!, memory)!;
        return y.Accumulate(shortcut?.Apply(x, memory) ?? x).MoveToOuterDisposeScope();
    }
}

/// <summary>Attention with one head over the positions of each frame, beside a shortcut.</summary>
internal sealed class TorchFrameAttention(Tensor gain, TorchVideoConvolution toQkv, TorchVideoConvolution projection) : ITorchVaeLayer
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor x, VaeMemoryOfVideo memory)
    {
        using DisposeScope scope = NewDisposeScope();
        (long channels, long frames, long height, long width) = (x.shape[1], x.shape[2], x.shape[3], x.shape[4]);
        // [3, frames, 1, positions, channels]
        Tensor qkv = toQkv.ApplyWithin(TorchNormalizedConvolution.Normalize(x, gain)).view(3, channels, frames, height * width)
            .permute(0, 2, 3, 1).unsqueeze(2).contiguous();
        Tensor mixed = nn.functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
        mixed = mixed.squeeze(1).permute(2, 0, 1).reshape(1, channels, frames, height, width);
        return projection.ApplyWithin(mixed).Accumulate(x).MoveToOuterDisposeScope();
    }
}

/// <summary>Halves height and width, and the frames after the first.</summary>
internal sealed class TorchDownsampling(TorchVideoConvolution spatial, TorchVideoConvolution? temporal) : ITorchVaeLayer
{
    /// <inheritdoc/>
    /// <remarks>The first frame passes; later outputs see frames (0, 1, 2), (2, 3, 4) and so on.</remarks>
    public Tensor? Apply(Tensor x, VaeMemoryOfVideo memory)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor y = spatial.ApplyWithin(x);
        if (temporal is null)
            return y.MoveToOuterDisposeScope();
        if (memory.IsFirst)
        {
            memory.Keep(temporal, y, 1);
            return y.MoveToOuterDisposeScope();
        }
        Tensor past = memory.PastOf(temporal)!, all = cat([past, y], 2);
        bool isWaiting = past.shape[2] == 1;
        memory.Keep(temporal, all, isWaiting ? 2 : 1);
        return isWaiting ? null : temporal.ApplyWithin(all).MoveToOuterDisposeScope();
    }
}

/// <summary>Doubles height and width, and the frames after the first; halves the channels.</summary>
internal sealed class TorchUpsampling(TorchVideoConvolution spatial, TorchVideoConvolution? temporal) : ITorchVaeLayer
{
    /// <inheritdoc/>
    /// <remarks>The first frame passes and is not part of the temporal convolution's past, which starts as zeros.</remarks>
    public Tensor Apply(Tensor x, VaeMemoryOfVideo memory)
    {
        using DisposeScope scope = NewDisposeScope();
        if (temporal is not null && !memory.IsFirst)
        {
            // Two frames of every frame: of the first half of its channels, and of the second.
            (long channels, long frames, long height, long width) = (x.shape[1], x.shape[2], x.shape[3], x.shape[4]);
            x = temporal.Apply(x, memory).view(2, channels, frames, height, width).permute(1, 2, 0, 3, 4)
                .reshape(1, channels, 2 * frames, height, width);
        }
        return spatial.ApplyWithin(x).MoveToOuterDisposeScope();
    }
}
