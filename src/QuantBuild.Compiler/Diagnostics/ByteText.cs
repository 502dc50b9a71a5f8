using System.Globalization;

namespace QuantBuild.Compiler.Diagnostics;

/// <summary>Sizes for people: one form in every command, message and file. The report page's <c>format.js</c> does the same.</summary>
internal static class ByteText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>
    /// Such as <c>1.9 GiB</c> or <c>300 MiB</c>; halves are rounded away from zero, and what rounds to 1024 is one of the next unit.
    /// </summary>
    public static string Of(long bytes)
    {
        int unit = 0;
        double value = bytes;
        for (; Math.Round(Math.Abs(value) * 10, MidpointRounding.AwayFromZero) >= 10240 && unit < Units.Length - 1; unit++)
            value /= 1024;
        // "F1" rounds the exact value; a pattern such as 0.# would round fifteen digits of it.
        string number = value.ToString(unit == 0 ? "F0" : "F1", CultureInfo.InvariantCulture);
        return $"{(number.EndsWith(".0", StringComparison.Ordinal) ? number[..^2] : number)} {Units[unit]}";
    }
}
