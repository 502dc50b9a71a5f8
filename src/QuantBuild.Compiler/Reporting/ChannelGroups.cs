namespace QuantBuild.Compiler.Reporting;

/// <summary>
/// Neighbouring channels put together, so that thousands of them fit on a screen. A group shows its largest channel: outliers stay visible.
/// </summary>
/// <param name="Channels">Number of channels.</param>
internal readonly record struct ChannelGroups(int Channels)
{
    private const int Most = 64;

    /// <summary>Number of groups.</summary>
    public int Count => Math.Min(Channels, Most);

    /// <summary>First channel of a group; that of the group behind the last one is the number of channels.</summary>
    public int Start(int group) => (int)((long)group * Channels / Count);

    /// <summary>The largest value of every group.</summary>
    /// <param name="values">One value per channel.</param>
    /// <param name="maxima">Receives one value per group.</param>
    public void Maxima(ReadOnlySpan<float> values, Span<float> maxima)
    {
        for (int group = 0; group < Count; group++)
        {
            float maximum = 0;
            foreach (float value in values[Start(group)..Start(group + 1)])
                maximum = Math.Max(maximum, value);
            maxima[group] = maximum;
        }
    }
}
