using System.Globalization;

namespace QuantBuild.Benchmarks;

/// <summary>Results with names, printed so that <see cref="TableCommand"/> can read them from a process of its own.</summary>
internal sealed class Figures
{
    private const string Mark = "# ";

    private readonly Dictionary<string, double> _values = new(StringComparer.Ordinal);

    public double this[string name]
    {
        get => _values.GetValueOrDefault(name, double.NaN);
        set => _values[name] = value;
    }

    /// <summary>Writes a line for each.</summary>
    public void Print()
    {
        foreach ((string name, double value) in _values)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Mark}{name} {value:G6}"));
    }

    /// <summary>Takes a line of <see cref="Print"/>; false for any other line.</summary>
    public bool TryRead(string line)
    {
        if (!line.StartsWith(Mark, StringComparison.Ordinal) || line[Mark.Length..].Split(' ') is not [string name, string value])
            return false;
        _values[name] = double.Parse(value, CultureInfo.InvariantCulture);
        return true;
    }
}
