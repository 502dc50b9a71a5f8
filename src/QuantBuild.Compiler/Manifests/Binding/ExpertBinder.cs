using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The section <c>experts</c>.</summary>
/// <param name="values">Receives what is wrong.</param>
/// <param name="boundary">The lowest timestep of the high-noise expert.</param>
internal sealed class ExpertBinder(ValueBinder values, int boundary)
{
    /// <summary>Both experts, high noise first, whatever their order in the file.</summary>
    public ImmutableArray<ExpertSection> Bind(ObjectBinder manifest)
    {
        if (values.As<ManifestObject>(manifest.Require("experts"), "experts", "an object") is not { } node)
            return [];
        foreach (ManifestMember stranger in node.Members.Where(member => !ExpertNames.All.Contains(member.Name)))
            values.Report(Descriptors.UnknownExpert, stranger.NameSpan, stranger.Name,
                Suggestion.For(stranger.Name, ExpertNames.All, "the experts"));
        ManifestObject known = node with { Members = [.. node.Members.Where(member => ExpertNames.All.Contains(member.Name))] };
        ObjectBinder experts = values.Object(known, "experts", ManifestKeys.Experts)!;
        return [.. ExpertNames.All.Select(name => Expert(experts, name)).OfType<ExpertSection>()];
    }

    private ExpertSection? Expert(ObjectBinder experts, string name)
    {
        if (values.Object(experts.Require(name), experts.PathOf(name), ManifestKeys.Expert) is not { } expert)
            return null;
        ManifestNode? weights = expert.Find("weights");
        string weightsPath = expert.PathOf("weights");
        ObjectBinder? settings = null;
        string? folder = null;
        if (weights is ManifestText)
        {
            folder = PathBinder.Relative(weights, weightsPath, values);
        }
        else if (values.As<ManifestObject>(weights, weightsPath, "the expert's folder or an object") is { } both)
        {
            settings = values.Object(both, weightsPath, ManifestKeys.ExpertWeights)!;
            folder = PathBinder.Relative(settings.Find("folder"), settings.PathOf("folder"), values);
        }
        SourceSpan place = experts.NameSpanOf(name);
        return new ExpertSection(name, folder, Bins(expert, name, place), RecipeBinder.Bind(expert, settings), place);
    }

    private ImmutableArray<BinSection> Bins(ObjectBinder expert, string name, SourceSpan place)
    {
        if (expert.Find("bins") is not { } node)
            return DefaultBins(name, place);
        if (BinBinder.Bind(node, expert.PathOf("bins"), values) is not { } bins)
            return [];
        (int top, int bottom) = name == ExpertNames.HighNoise ? (ModelSection.MaxTimestep, boundary) : (boundary - 1, 0);
        BinCover.Check(bins, top, bottom, values);
        return bins;
    }

    /// <summary>The bins of the paper's published code.</summary>
    private static ImmutableArray<BinSection> DefaultBins(string name, SourceSpan place)
    {
        return name == ExpertNames.HighNoise
            ? [Bin("early", 0, 0.33), Bin("mid", 0.33, 0.66), Bin("boundary", 0.66, 1)]
            : [Bin("boundary", 0, 0.2), Bin("mid", 0.2, 0.7), Bin("late", 0.7, 1)];

        BinSection Bin(string bin, double from, double to) => new(bin, from, to, AreTimesteps: false, ClipRatios: null, place);
    }
}
