using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>Turns single values of the tree into typed ones. A value that does not fit is reported and yields null.</summary>
/// <param name="problems">Receives what is wrong.</param>
internal sealed class ValueBinder(ICollection<Diagnostic> problems)
{
    // More help nobody; a file of megabytes can have one for every few bytes.
    private const int MostProblems = 500;

    /// <summary>Whether further problems are not reported any more.</summary>
    public bool IsFull => problems.Count > MostProblems;

    /// <summary>Reports a problem, unless there are very many already.</summary>
    public void Report(DiagnosticDescriptor descriptor, SourceSpan span, params object?[] arguments)
    {
        if (problems.Count < MostProblems)
            problems.Add(descriptor.At(span, arguments));
        else if (problems.Count == MostProblems)
            problems.Add(Descriptors.ManifestProblemsOmitted.At(span, MostProblems));
    }

    /// <summary>Any text.</summary>
    public string? Text(ManifestNode? node, string path) => As<ManifestText>(node, path, "a text")?.Value;

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool? Flag(ManifestNode? node, string path) => As<ManifestBoolean>(node, path, "true or false")?.Value;

    /// <summary>A number within a range.</summary>
    public double? Number(ManifestNode? node, string path, Interval range)
    {
        if (As<ManifestNumber>(node, path, "a number") is not { } number)
            return null;
        double value = double.Parse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (range.Contains(value))
            return value;
        Report(Descriptors.OutOfRange, number.Span, path, number.Value, range);
        return null;
    }

    /// <summary>A whole number within a range; <c>12.0</c> is one, as in JSON Schema.</summary>
    public int? Integer(ManifestNode? node, string path, int min, int max) => (int?)Whole(node, path, min, max);

    /// <summary>A whole number from 0 to 2^64 - 1.</summary>
    public ulong? Unsigned(ManifestNode? node, string path) => (ulong?)Whole(node, path, ulong.MinValue, ulong.MaxValue);

    /// <summary>A whole number within a range.</summary>
    public decimal? Whole(ManifestNode? node, string path, decimal min, decimal max)
    {
        if (As<ManifestNumber>(node, path, "a whole number") is not { } number)
            return null;

        // A decimal drops what lies beyond its last digit: 1e-40 would be 0.
        bool fits = decimal.TryParse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value);
        double real = double.Parse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (real != Math.Truncate(real) || (fits && value != decimal.Truncate(value)))
        {
            Report(Descriptors.WrongType, number.Span, path, "a whole number", number.Value);
            return null;
        }
        if (fits && value >= min && value <= max)
            return value;
        Report(Descriptors.OutOfRange, number.Span, path, number.Value, FormattableString.Invariant($"between {min} and {max}"));
        return null;
    }

    /// <summary>The bytes of a text such as <c>4GiB</c>, or of a number.</summary>
    /// <param name="node">The value; null when it is absent.</param>
    /// <param name="path">Its name.</param>
    /// <param name="min">Least value.</param>
    /// <param name="max">Greatest value.</param>
    /// <param name="range">The range in words.</param>
    public long? Bytes(ManifestNode? node, string path, long min, long max, string range)
    {
        switch (node)
        {
            case ManifestText text when ByteSize.Parse(text.Value) is { } bytes:
                if (bytes >= min && bytes <= max)
                    return bytes;
                Report(Descriptors.OutOfRange, text.Span, path, text.Value, range);
                return null;
            case ManifestText text:
                Report(Descriptors.InvalidText, text.Span, path, text.Value,
                    "a size is a whole number with a unit: B, KB, MB, GB, TB, KiB, MiB, GiB or TiB");
                return null;
            case ManifestNumber number:
                return (long?)Whole(number, path, min, max);
            case { } other:
                Report(Descriptors.WrongType, other.Span, path, "a size such as \"4GiB\" or a number of bytes", other.Kind);
                return null;
            default:
                return null;
        }
    }

    /// <summary>One of a few names.</summary>
    public T? Choice<T>(ManifestNode? node, string path, NamedValues<T> values)
        where T : struct => (T?)Choice(node, path, (NamedValues)values);

    /// <summary>One of a few names; what it names has the type of the values.</summary>
    public object? Choice(ManifestNode? node, string path, NamedValues values)
    {
        if (As<ManifestText>(node, path, "a text") is not { } text)
            return null;
        if (values.FindValue(text.Value) is { } value)
            return value;
        Report(Descriptors.UnknownValue, text.Span, path, text.Value,
            values.Names is [var only] ? $"the only value is '{only}'" : Suggestion.For(text.Value, values.Names, "values"));
        return null;
    }

    /// <summary>A non-empty, strictly ascending list of numbers within a range.</summary>
    public ImmutableArray<double>? Numbers(ManifestNode? node, string path, Interval range) =>
        Ascending(node, path, (item, place) => Number(item, place, range));

    /// <summary>A non-empty, strictly ascending list of whole numbers within a range.</summary>
    public ImmutableArray<int>? Integers(ManifestNode? node, string path, int min, int max) =>
        Ascending(node, path, (item, place) => Integer(item, place, min, max));

    /// <summary>The items of a non-empty list.</summary>
    public ImmutableArray<ManifestNode>? Items(ManifestNode? node, string path)
    {
        if (As<ManifestArray>(node, path, "a list") is not { } array)
            return null;
        if (!array.Items.IsEmpty)
            return array.Items;
        Report(Descriptors.EmptyList, array.Span, path);
        return null;
    }

    /// <summary>An object whose keys are among the given ones.</summary>
    public ObjectBinder? Object(ManifestNode? node, string path, KeySet keys) =>
        As<ManifestObject>(node, path, "an object") is { } found ? new ObjectBinder(found, path, keys, this) : null;

    /// <summary>A node of one kind; null stays null without a report.</summary>
    public T? As<T>(ManifestNode? node, string path, string expected)
        where T : ManifestNode
    {
        if (node is not null and not T)
            Report(Descriptors.WrongType, node.Span, path, expected, node.Kind);
        return node as T;
    }

    private ImmutableArray<T>? Ascending<T>(ManifestNode? node, string path, Func<ManifestNode, string, T?> bind)
        where T : struct, IComparable<T>, IFormattable
    {
        if (Items(node, path) is not { } items)
            return null;
        var values = ImmutableArray.CreateBuilder<T>(items.Length);
        for (int i = 0; i < items.Length; i++)
        {
            if (bind(items[i], $"{path}[{i}]") is not { } value)
                continue;
            if (values.Count > 0 && value.CompareTo(values[^1]) <= 0)
                Report(Descriptors.NotAscending, items[i].Span, path, value, values[^1]);
            values.Add(value);
        }
        return values.ToImmutable();
    }
}
