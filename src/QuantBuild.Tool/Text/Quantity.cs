using System.Globalization;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tool.Text;

/// <summary>Sizes, durations and fractions as people write and read them.</summary>
internal static class Quantity
{
    private static readonly Dictionary<string, double> SizeUnits = new(StringComparer.OrdinalIgnoreCase)
    {
        ["B"] = 1,
        ["KB"] = 1e3,
        ["MB"] = 1e6,
        ["GB"] = 1e9,
        ["TB"] = 1e12,
        ["KiB"] = 1L << 10,
        ["MiB"] = 1L << 20,
        ["GiB"] = 1L << 30,
        ["TiB"] = 1L << 40,
    };

    /// <summary>A size such as <c>6.1 MiB</c>.</summary>
    public static string Size(long bytes) => ByteText.Of(bytes);

    /// <summary>A duration such as <c>0.3 s</c>, <c>45 s</c>, <c>3 min 20 s</c> or <c>2 h 05 min</c>.</summary>
    public static string Duration(TimeSpan time) => time.TotalSeconds switch
    {
        < 20 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds:00} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(time.TotalHours):0} h {time.Minutes:00} min"),
    };

    /// <summary>A number of things, such as <c>1 action</c> or <c>12 actions</c>.</summary>
    public static string Count(int number, string thing) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {thing}{(number == 1 ? "" : "s")}");

    /// <summary>Reads a size such as <c>20GiB</c>, <c>500 MB</c> or <c>1048576</c>.</summary>
    public static bool TryParseSize(string text, out long bytes)
    {
        (double number, string unit) = Split(text);
        double factor = 1;
        bool good = number >= 0 && (unit.Length == 0 || SizeUnits.TryGetValue(unit, out factor)) && number * factor < long.MaxValue;
        bytes = good ? (long)(number * factor) : 0;
        return good;
    }

    /// <summary>Reads a duration such as <c>30d</c>, <c>12h</c>, <c>45min</c> or <c>10s</c>.</summary>
    public static bool TryParseDuration(string text, out TimeSpan time)
    {
        (double number, string unit) = Split(text);
        double seconds = unit switch
        {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            "d" => 86400,
            "w" => 7 * 86400,
            _ => double.NaN,
        } * number;
        bool good = seconds >= 0 && seconds < TimeSpan.MaxValue.TotalSeconds;
        time = good ? TimeSpan.FromSeconds(seconds) : default;
        return good;
    }

    /// <summary>Reads a part such as <c>2%</c> or <c>0.02</c>, at most the whole.</summary>
    public static bool TryParseFraction(string text, out double fraction)
    {
        (double number, string unit) = Split(text);
        fraction = unit == "%" ? number / 100 : number;
        return unit is "" or "%" && fraction is > 0 and <= 1;
    }

    private static (double Number, string Unit) Split(string text)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        int end = 0;
        while (end < trimmed.Length && (char.IsAsciiDigit(trimmed[end]) || trimmed[end] == '.'))
            end++;
        double number = double.TryParse(trimmed[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            ? value
            : double.NaN;
        return (number, trimmed[end..].Trim().ToString());
    }
}
