using System.Runtime.InteropServices;
using QuantBuild.Models.Wan;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Wan;

/// <summary>An activation on the device: what is asked of it is computed there, and only that is copied.</summary>
/// <param name="x">[tokens, channels].</param>
/// <param name="space">The device.</param>
internal sealed class TorchSiteInput(Tensor x, TensorSpace space) : SiteInput
{
    private const ushort QuietNaN = 0x7FC0;

    /// <inheritdoc/>
    public override int Tokens => (int)x.shape[0];

    /// <inheritdoc/>
    public override int Channels => (int)x.shape[1];

    /// <inheritdoc/>
    public override void AccumulateMaxima(Span<float> maximum)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(maximum.Length, Channels);
        using DisposeScope scope = NewDisposeScope();
        var found = new float[Channels];
        TensorSpace.CopyToHost(x.abs().amax([0]).to(ScalarType.Float32), MemoryMarshal.AsBytes(found.AsSpan()));
        // Max keeps a NaN on either side.
        for (int i = 0; i < found.Length; i++)
            maximum[i] = Math.Max(maximum[i], found[i]);
    }

    /// <inheritdoc/>
    public override void Gather(ReadOnlySpan<int> tokens, Span<ushort> rows)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Length, tokens.Length * Channels);
        foreach (int token in tokens)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(token, nameof(tokens));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, Tokens, nameof(tokens));
        }
        using DisposeScope scope = NewDisposeScope();
        TensorSpace.CopyToHost(x.index_select(0, space.Of(tokens)).to(ScalarType.BFloat16), MemoryMarshal.AsBytes(rows));
        for (int i = 0; i < rows.Length; i++)
        {
            if (float.IsNaN(QuantBuild.Formats.BFloat16.ToSingle(rows[i])))
                rows[i] = QuietNaN;
        }
    }
}
