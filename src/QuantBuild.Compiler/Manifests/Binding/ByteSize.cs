using System.Globalization;
using System.Text.RegularExpressions;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>Sizes such as <c>4GiB</c> (powers of 1024) and <c>500MB</c> (powers of 1000).</summary>
internal static partial class ByteSize
{
    /// <summary>The size in bytes, or null for a text that is not a size or a size above 2^63 - 1.</summary>
    public static long? Parse(string text)
    {
        Match match = Form().Match(text);
        if (!match.Success
            || !long.TryParse(match.Groups["count"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            return null;
        int power = " KMGT".IndexOf(match.Groups["prefix"].Value.PadLeft(1)[0], StringComparison.Ordinal);
        Int128 bytes = count;
        for (int i = 0; i < power; i++)
            bytes *= match.Groups["binary"].Success ? 1024 : 1000;
        return bytes <= long.MaxValue ? (long)bytes : null;
    }

    [GeneratedRegex(@"^(?<count>[0-9]+) ?((?<prefix>[KMGT])(?<binary>i)?)?B\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
