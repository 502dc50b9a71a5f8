using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Some input channels, whole blocks evenly spread, to try something on before it is done to all.</summary>
/// <remarks>Smoothing, rotation and rounding work on blocks, so that the channels are a layer of their own.</remarks>
/// <param name="Channels">Which, ascending.</param>
/// <param name="Of">Of how many.</param>
internal sealed record ChannelSample(int[] Channels, int Of)
{
    /// <summary>Most channels: what is tried on them costs the cube of their number.</summary>
    public const int Most = 2048;

    private bool IsAll => Channels.Length == Of;

    /// <summary>Chooses.</summary>
    /// <param name="channels">Input channels.</param>
    /// <param name="most">Most of them, whole blocks.</param>
    public static ChannelSample From(int channels, int most = Most)
    {
        int all = Mxfp4.Blocks(channels), blocks = Math.Min(all, most / Mxfp4.BlockSize);
        return new ChannelSample([.. Enumerable.Range(0, blocks)
            .SelectMany(block => Enumerable.Range((int)((long)block * all / blocks) * Mxfp4.BlockSize, Mxfp4.BlockSize))
            .Where(channel => channel < channels)], channels);
    }

    /// <summary>The channels of rows, [rows, <see cref="Of"/>], row-major.</summary>
    public Memory<float> Take(Memory<float> rows)
    {
        if (IsAll)
            return rows;
        int count = rows.Length / Of;
        var taken = new float[count * Channels.Length];
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<float> from = rows.Span.Slice(row * Of, Of);
            Span<float> to = taken.AsSpan(row * Channels.Length, Channels.Length);
            for (int i = 0; i < to.Length; i++)
                to[i] = from[Channels[i]];
        }
        return taken;
    }

    /// <summary>How recorded activations of the channels become their input.</summary>
    public InputForm Take(InputForm form) =>
        form with { Channels = Channels.Length, Scale = form.Scale.Length == 0
            ? []
            : [.. Channels.Select(channel => form.Scale[channel])] };
}
