using System.Collections.Immutable;
using QuantBuild.SafeTensors;

namespace QuantBuild.Artifacts;

/// <summary>What a descriptor must keep whatever the files say.</summary>
internal static class ArtifactRules
{
    private const int LargestRank = 1 << 16;
    private const int LargestOffset = 16;

    /// <exception cref="ArtifactException">A rule is broken.</exception>
    public static void Check(ArtifactDescriptor descriptor)
    {
        Require(IsDigest(descriptor.Plan), "plan is not a SHA-256 digest");
        Require(descriptor.Sampling.Steps >= 1, "sampling.steps is less than 1");
        Require(descriptor.Sampling.Shift > 0, "sampling.shift is not positive");
        ImmutableArray<int> timesteps = descriptor.Sampling.Timesteps;
        Require(timesteps.IsDefaultOrEmpty || (timesteps.Length == descriptor.Sampling.Steps && timesteps.All(t => t is >= 1 and <= 1000)
            && timesteps.Zip(timesteps.Skip(1)).All(pair => pair.First > pair.Second)),
            "sampling.timesteps are not as many as steps, from 1 to 1000, each less than the one before");
        Require(FileSizes.AreSummable(descriptor.Experts.Values.SelectMany(expert => expert.Files).Select(file => file.Size)),
            "experts: the sizes of files are negative, or more than any disk has");
        foreach ((string name, ArtifactExpert expert) in descriptor.Experts)
            Check($"experts.{name}", expert);
    }

    private static void Check(string place, ArtifactExpert expert)
    {
        Require(PlainName.Is(expert.Directory), $"{place}.directory is '{expert.Directory}', not a plain folder name");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ArtifactFile file in expert.Files)
        {
            Require(IsFileName(file.Name), $"{place}.files names '{file.Name}', not a plain file name");
            Require(names.Add(file.Name), $"{place}.files names '{file.Name}' twice");
            Require(IsDigest(file.Digest), $"{place}.files gives '{file.Name}' a sha256 that is no digest");
        }
        CheckBins(place, expert);
        foreach ((string name, ArtifactLayer layer) in expert.Layers)
            Check($"{place}.layers.{name}", layer, expert.Bins.Length);
    }

    private static void CheckBins(string place, ArtifactExpert expert)
    {
        Require(expert.MinTimestep >= 0 && expert.MinTimestep <= expert.MaxTimestep,
            $"{place} has the timesteps {expert.MinTimestep} to {expert.MaxTimestep}");
        Require(expert.Bins.Length > 0, $"{place} has no bins");
        Require(expert.Bins.Select(bin => bin.Name).Distinct(StringComparer.Ordinal).Count() == expert.Bins.Length,
            $"{place}.bins has a name twice");
        long next = expert.MinTimestep;
        foreach (ArtifactBin bin in expert.Bins.OrderBy(bin => bin.MinTimestep))
        {
            Require(bin.MinTimestep <= bin.MaxTimestep, $"{place}.bins: '{bin.Name}' goes from {bin.MinTimestep} to {bin.MaxTimestep}");
            Require(bin.MinTimestep >= next, $"{place}.bins: timestep {bin.MinTimestep} is in two bins or below the expert's");
            Require(bin.MinTimestep == next, $"{place}.bins: timestep {next} is in no bin");
            Require(bin.MaxTimestep <= expert.MaxTimestep,
                $"{place}.bins: '{bin.Name}' ends at {bin.MaxTimestep}, the expert at {expert.MaxTimestep}");
            next = bin.MaxTimestep + 1L;
        }
        Require(next == expert.MaxTimestep + 1L, $"{place}.bins: timestep {next} is in no bin");
    }

    private static void Check(string place, ArtifactLayer layer, int bins)
    {
        Require(layer.Rank is >= 0 and <= LargestRank, $"{place}.rank is {layer.Rank}");
        if (layer.Precision != ArtifactLayer.W4A4)
            return;
        Require(layer.Clips.Length == bins, $"{place}.clipRatios has {layer.Clips.Length} entries for {bins} bins");
        Require(layer.Clips.All(clip => clip.Ratio is > 0 and <= 1), $"{place}.clipRatios leaves the range above 0 up to 1");
        Require(layer.Clips.All(clip => clip.ExponentOffset is >= -LargestOffset and <= LargestOffset),
            $"{place}.exponentOffsets leaves the range -{LargestOffset} to {LargestOffset}");
        bool perBin = layer.Granularity == ArtifactLayer.PerBin;
        Require(layer.Clips.All(clip => clip.Threshold is not null == perBin),
            $"{place}.thresholds {(perBin ? "are missing" : "need the granularity 'bin'")}");
        Require(layer.Clips.All(clip => clip.Threshold is null or >= 0), $"{place}.thresholds has a negative entry");
    }

    private static bool IsDigest(string text) => text.Length == 64 && text.All(c => char.IsAsciiHexDigitLower(c) || char.IsAsciiDigit(c));

    private static bool IsFileName(string name) => PlainName.Is(name)
        && (name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith(".json", StringComparison.Ordinal));

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new ArtifactException(otherwise);
    }
}
