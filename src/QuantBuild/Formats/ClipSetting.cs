namespace QuantBuild.Formats;

/// <summary>
/// How the input of a layer is clipped in a bin: what a search chooses, eq. (10), a descriptor lists and the kernels apply.
/// </summary>
/// <param name="Ratio">The chosen ratio, above 0 up to 1.</param>
/// <param name="ExponentOffset">Added to the exponent of every block's scale.</param>
/// <param name="Threshold">
/// alpha of eq. (8), to whose plus and minus values are clamped; null where the ratio scales every block's own maximum instead.
/// </param>
public readonly record struct ClipSetting(float Ratio, int ExponentOffset = 0, float? Threshold = null)
{
    /// <summary>No clipping: every block's scale covers its maximum.</summary>
    public static ClipSetting None { get; } = new(1);

    /// <summary>
    /// What multiplies every 32-block's own maximum before its scale is chosen: of a threshold, which has the ratio in it, 1.
    /// </summary>
    public float BlockRatio => Threshold is null ? Ratio : 1;

    /// <summary>Values are clamped to plus and minus it first; infinity leaves them.</summary>
    public float Limit => Threshold ?? float.PositiveInfinity;
}
