using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>Reads the bins of an expert: <c>"name:from-to"</c>, or objects with fractions or timesteps.</summary>
internal static partial class BinBinder
{
    private static readonly Interval Fraction = new(0, 1);

    /// <summary>The bins of a list, or null when the list or any of its entries is unusable.</summary>
    public static ImmutableArray<BinSection>? Bind(ManifestNode node, string path, ValueBinder values)
    {
        if (values.Items(node, path) is not { } items)
            return null;
        ImmutableArray<BinSection?> bins = [.. items.Select((item, i) => One(item, $"{path}[{i}]", values))];
        return bins.All(bin => bin is not null) ? [.. bins.Select(bin => bin!)] : null;
    }

    private static BinSection? One(ManifestNode node, string path, ValueBinder values)
    {
        switch (node)
        {
            case ManifestText text:
                return FromText(text, values);
            case ManifestObject:
                return FromObject(values.Object(node, path, ManifestKeys.Bin)!);
            default:
                values.Report(Descriptors.WrongType, node.Span, path, "a text \"name:from-to\" or an object", node.Kind);
                return null;
        }
    }

    private static BinSection? FromText(ManifestText text, ValueBinder values)
    {
        Match match = Shorthand().Match(text.Value);
        if (!match.Success)
        {
            values.Report(Descriptors.BinSyntax, text.Span, text.Value, "the form is name:from-to with fractions from 0 to 1");
            return null;
        }
        double from = double.Parse(match.Groups["from"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
        double to = double.Parse(match.Groups["to"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
        return Check(new BinSection(match.Groups["name"].Value, from, to, AreTimesteps: false, ClipRatios: null, text.Span), text.Value,
            values);
    }

    private static BinSection? FromObject(ObjectBinder bin)
    {
        ValueBinder values = bin.Values;
        string? name = values.Text(bin.Require("name"), bin.PathOf("name"));
        if (name is not null && !Name().IsMatch(name))
        {
            values.Report(Descriptors.InvalidText, bin.SpanOf("name"), bin.PathOf("name"), name,
                "letters, digits, '_' and '-' make a name");
            name = null;
        }
        ImmutableArray<double>? ratios = bin.Numbers("clipRatios", RecipeSettings.ClipRatio);
        bool keeps = bin.Choice("activations", RecipeNames.BinActivations) ?? false;
        if (keeps && ratios is not null)
        {
            values.Report(Descriptors.BinSyntax, bin.SpanOf("clipRatios"), name ?? bin.Path,
                "its activations are not rounded, so that clipRatios have nothing to clip");
            return null;
        }
        bool areTimesteps = bin.Has("timesteps");
        if (areTimesteps && (bin.Has("from") || bin.Has("to")))
        {
            values.Report(Descriptors.BinSyntax, bin.Span, name ?? bin.Path, "it has both \"timesteps\" and fractions");
            return null;
        }
        (double? from, double? to) = areTimesteps
            ? Timesteps(bin)
            : (values.Number(bin.Require("from"), bin.PathOf("from"), Fraction),
                values.Number(bin.Require("to"), bin.PathOf("to"), Fraction));
        return name is null || from is null || to is null
            ? null
            : Check(new BinSection(name, from.Value, to.Value, areTimesteps, ratios, bin.Span) { KeepsActivations = keeps }, name,
                values);
    }

    private static (double? From, double? To) Timesteps(ObjectBinder bin)
    {
        ValueBinder values = bin.Values;
        string path = bin.PathOf("timesteps");
        if (values.As<ManifestArray>(bin.Find("timesteps"), path, "a list of two timesteps") is not { } list)
            return default;
        if (list.Items is not [var first, var last])
        {
            values.Report(Descriptors.BinSyntax, list.Span, path, "\"timesteps\" are the first and the last timestep, such as [999, 950]");
            return default;
        }
        return (values.Integer(first, path + "[0]", 0, ModelSection.MaxTimestep),
            values.Integer(last, path + "[1]", 0, ModelSection.MaxTimestep));
    }

    private static BinSection? Check(BinSection bin, string spelling, ValueBinder values)
    {
        string? fault = bin switch
        {
            { AreTimesteps: true } when bin.From < bin.To => "timesteps descend",
            { AreTimesteps: false } when bin.To > 1 => "fractions go from 0 to 1",
            { AreTimesteps: false } when bin.From >= bin.To => "it ends before it starts, or is empty",
            _ => null,
        };
        if (fault is null)
            return bin;
        values.Report(Descriptors.BinSyntax, bin.Span, spelling, fault);
        return null;
    }

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9_][A-Za-z0-9_-]*):(?<from>(0|[1-9][0-9]*)(\.[0-9]+)?)-(?<to>(0|[1-9][0-9]*)(\.[0-9]+)?)\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Shorthand();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
