using System.Globalization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The range of a number.</summary>
/// <param name="Min">Lower end.</param>
/// <param name="Max">Upper end, inclusive.</param>
/// <param name="AboveMin">Whether the lower end itself is excluded.</param>
internal readonly record struct Interval(double Min, double Max, bool AboveMin = false)
{
    /// <summary>Whether a value lies in the range; NaN never does.</summary>
    public bool Contains(double value) => (AboveMin ? value > Min : value >= Min) && value <= Max;

    /// <summary>The range in words.</summary>
    public override string ToString() => AboveMin
        ? string.Create(CultureInfo.InvariantCulture, $"above {Min} and at most {Max}")
        : string.Create(CultureInfo.InvariantCulture, $"between {Min} and {Max}");
}
