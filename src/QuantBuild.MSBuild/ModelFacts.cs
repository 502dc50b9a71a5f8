using System.Globalization;
using QuantBuild.Artifacts;

namespace QuantBuild.MSBuild;

/// <summary>A descriptor in a few sentences.</summary>
internal static class ModelFacts
{
    /// <summary>One line about the model and one about each expert.</summary>
    public static IReadOnlyList<string> Of(ArtifactDescriptor descriptor)
    {
        ArtifactSampling sampling = descriptor.Sampling;
        return
        [
            Line($"{descriptor.Architecture}, built by QuantBuild {descriptor.Tool}; calibrated with {sampling.Steps} steps of {sampling.Solver}, shift {sampling.Shift}."),
            .. descriptor.Experts.Select(entry => Expert(entry.Key, entry.Value)),
        ];
    }

    private static string Expert(string name, ArtifactExpert expert)
    {
        IEnumerable<string> layers = expert.Layers.Values.GroupBy(layer => layer.Precision, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => Line($"{group.Count()} layers {group.Key}"));
        return Line($"{name}: timesteps {expert.MinTimestep} to {expert.MaxTimestep}; {string.Join(", ", layers)}; bins {string.Join(", ", expert.Bins.Select(bin => bin.Name))}.");
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
