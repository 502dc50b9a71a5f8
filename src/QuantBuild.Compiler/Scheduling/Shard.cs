using System.Globalization;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>One of several equal workers.</summary>
/// <param name="Index">Which, from 0 on.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct Shard(int Index, int Count)
{
    /// <summary>Reads <c>i/n</c> with 0 ≤ i &lt; n; null when it is something else.</summary>
    public static Shard? Parse(string text) => text.Split('/') is [var index, var count]
        && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int i)
        && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && i < n ? new Shard(i, n) : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");
}
