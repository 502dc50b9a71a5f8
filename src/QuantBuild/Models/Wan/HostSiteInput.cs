using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models.Wan;

/// <summary>An activation in the memory of the process, row-major.</summary>
/// <param name="values">[tokens, channels]; not copied.</param>
/// <param name="tokens">Rows.</param>
/// <param name="channels">Columns.</param>
internal sealed class HostSiteInput(ReadOnlyMemory<float> values, int tokens, int channels) : SiteInput
{
    /// <inheritdoc/>
    public override int Tokens => tokens;

    /// <inheritdoc/>
    public override int Channels => channels;

    /// <summary>The values themselves.</summary>
    public ReadOnlyMatrixView View => new(values.Span, tokens, channels);

    /// <inheritdoc/>
    public override void AccumulateMaxima(Span<float> maximum) => ChannelMaximum.Accumulate(View, maximum);

    /// <inheritdoc/>
    public override void Gather(ReadOnlySpan<int> tokens, Span<ushort> rows)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Length, tokens.Length * channels);
        ReadOnlySpan<float> data = values.Span;
        for (int i = 0; i < tokens.Length; i++)
            BFloat16.FromSingle(data.Slice(tokens[i] * channels, channels), rows.Slice(i * channels, channels));
    }
}
