namespace QuantBuild.Tool.Logging;

/// <summary>An action that has begun, or waits for another process that does it.</summary>
/// <param name="Stage">Name of its stage.</param>
/// <param name="Expert">Its expert, or empty.</param>
/// <param name="Name">What it works on.</param>
/// <param name="Waits">Whether another process does it.</param>
/// <param name="Clock">The clock of the build.</param>
internal sealed record RunningAction(string Stage, string Expert, string Name, bool Waits, TimeProvider Clock)
{
    private readonly long _start = Clock.GetTimestamp();

    public TimeSpan Elapsed => Clock.GetElapsedTime(_start);

    /// <summary>The layer, site or sample, such as <c>low_noise blocks.3.ffn.2</c>: without the bin, which follows after a slash.</summary>
    public string Subject => Expert.Length == 0 ? Layer : $"{Expert} {Layer}";

    /// <summary>The stage and, where there is one, the bin: <c>Clip mid</c>.</summary>
    public string Step => Layer.Length == Name.Length ? Stage : $"{Stage} {Name[(Layer.Length + 1)..]}";

    /// <summary>Name without the bin.</summary>
    public string Layer => Name.Split('/')[0];
}
