namespace QuantBuild.Models.Wan;

/// <summary>
/// The activation that a site's layers read, [tokens, channels], wherever it was computed. What can be asked of it is small against it:
/// an activation on a device stays there.
/// </summary>
/// <remarks>Valid only during the call that it is given to.</remarks>
public abstract class SiteInput
{
    /// <summary>Rows.</summary>
    public abstract int Tokens { get; }

    /// <summary>Columns.</summary>
    public abstract int Channels { get; }

    /// <summary><c>maximum[c] = max(maximum[c], |x[i, c]|)</c> over all tokens i, exactly.</summary>
    /// <param name="maximum">
    /// [channels], not negative before. A channel with a NaN becomes NaN, and one with an infinity infinite: bad values show.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The span has another length.</exception>
    public abstract void AccumulateMaxima(Span<float> maximum);

    /// <summary>Copies chosen rows, rounded to bfloat16, ties to even.</summary>
    /// <param name="tokens">Indices of the rows.</param>
    /// <param name="rows">[chosen tokens, channels]: the bits of bfloat16 values, NaN as 0x7FC0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row, or the span has another length.</exception>
    public abstract void Gather(ReadOnlySpan<int> tokens, Span<ushort> rows);
}
