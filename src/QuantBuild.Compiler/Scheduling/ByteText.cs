using System.Globalization;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>Sizes for people.</summary>
internal static class ByteText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Such as <c>1.9 GiB</c>.</summary>
    public static string Of(long bytes)
    {
        int unit = 0;
        double value = bytes;
        for (; Math.Abs(value) >= 1024 && unit < Units.Length - 1; unit++)
            value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }
}
