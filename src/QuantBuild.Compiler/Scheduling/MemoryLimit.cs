using System.Globalization;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>How much memory a build may take: a number of bytes, or a share of what is free when it starts.</summary>
internal readonly record struct MemoryLimit
{
    private readonly long _bytes;
    private readonly double _share;

    private MemoryLimit(long bytes, double share)
    {
        _bytes = bytes;
        _share = share;
    }

    /// <summary>70 % of what is free.</summary>
    public static MemoryLimit Default { get; } = new(0, 0.7);

    /// <summary>Whether it is a number that somebody gave, and not a share of what happens to be free.</summary>
    public bool IsFixed => _bytes > 0;

    /// <summary>A number of bytes.</summary>
    public static MemoryLimit Of(long bytes) => new(bytes, 0);

    /// <summary>
    /// Reads a size such as <c>8GiB</c> or <c>500MB</c>, or a share such as <c>70%</c> (above 0, up to 100); null for anything else.
    /// </summary>
    public static MemoryLimit? Parse(string text)
    {
        if (!text.EndsWith('%'))
            return ByteSize.Parse(text) is > 0 and var bytes ? new MemoryLimit(bytes, 0) : null;
        return double.TryParse(text.AsSpan(..^1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)
            && percent is > 0 and <= 100
            ? new MemoryLimit(0, percent / 100)
            : null;
    }

    /// <summary>The limit in bytes on a machine.</summary>
    public long Resolve(MachineMemory memory) => _bytes > 0 ? _bytes : (long)(memory.Available * (_share > 0 ? _share : Default._share));
}
