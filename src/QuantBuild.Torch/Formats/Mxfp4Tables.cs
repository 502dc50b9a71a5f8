using QuantBuild.Formats;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>The values of MXFP4 codes and scales, on a device: looked up, so that powers of two are exact on every device.</summary>
internal sealed class Mxfp4Tables : IDisposable
{
    /// <summary>Uploads the tables.</summary>
    /// <param name="space">Where to.</param>
    public Mxfp4Tables(TensorSpace space)
    {
        Codes = space.Of([.. Enumerable.Range(0, 16).Select(E2M1.Decode)], 16).DetachFromDisposeScope();
        Scales = space.Of([.. Enumerable.Range(0, 255).Select(code => E8M0.Decode((byte)code))], 255).DetachFromDisposeScope();
        Inverses = space.Of([.. Enumerable.Range(0, 255).Select(code => E8M0.Inverse((byte)code))], 255).DetachFromDisposeScope();
    }

    /// <summary>Value of every E2M1 code, float32 [16].</summary>
    public Tensor Codes { get; }

    /// <summary>Value of every E8M0 byte but the last, float32 [255].</summary>
    public Tensor Scales { get; }

    /// <summary>One over it, exactly, float32 [255].</summary>
    public Tensor Inverses { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Codes.Dispose();
        Scales.Dispose();
        Inverses.Dispose();
    }
}
