using System.Collections.Immutable;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Build;

/// <summary>Describes a built model as its artifact's descriptor.</summary>
internal static class ArtifactDescription
{
    /// <summary>The descriptor: everything a runtime needs beside the tensors; no times, no paths.</summary>
    public static ArtifactDescriptor Describe(BuildContext context, IReadOnlyList<BuiltExpert> experts)
    {
        Plan plan = context.Plan;
        CalibrationSection calibration = plan.Manifest.Calibration;
        return new ArtifactDescriptor
        {
            Name = plan.Manifest.Name,
            Architecture = plan.Manifest.Model.Architecture.Name,
            Layout = RecipeNames.Layout.NameOf(plan.Manifest.Output.Layout),
            Tool = ToolVersion.Text,
            Profile = plan.Profiles.ToString(),
            Profiles = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
                plan.Profiles.Names.ToJson().Select(group => KeyValuePair.Create(group.Key, (string)group.Value!))),
            Plan = PlanDigest.Of(plan).ToString(),
            Boundary = plan.Calibration.Boundary,
            Sampling = new ArtifactSampling(RecipeNames.Solver.NameOf(calibration.Solver), calibration.Steps, calibration.Shift)
            {
                Timesteps = calibration.Timesteps,
            },
            Experts = experts.ToImmutableSortedDictionary(expert => expert.Source.Plan.Name, Describe, StringComparer.Ordinal),
        };
    }

    /// <summary>Every file of the artifact but the descriptor.</summary>
    public static IReadOnlyList<PackedFile> FilesOf(IReadOnlyList<BuiltExpert> experts) => [.. experts.SelectMany(FilesOf)];

    /// <summary>Size of the artifact: of every file that its descriptor lists.</summary>
    public static long BytesOf(IReadOnlyList<BuiltExpert> experts) => FilesOf(experts).Sum(file => file.Content.Size);

    /// <summary>Every file of an expert, below the artifact's folder.</summary>
    public static IEnumerable<PackedFile> FilesOf(BuiltExpert expert) => expert.Files.OrderBy(file => file.Key, StringComparer.Ordinal)
        .Select(file => new PackedFile($"{expert.Directory}/{file.Key}", file.Value));

    private static ArtifactExpert Describe(BuiltExpert expert)
    {
        ExpertPlan plan = expert.Source.Plan;
        return new ArtifactExpert
        {
            Directory = expert.Directory,
            MinTimestep = plan.Bins.Min(bin => bin.MinTimestep),
            MaxTimestep = plan.Bins.Max(bin => bin.MaxTimestep),
            Files = [.. expert.Files.Select(file => new ArtifactFile(file.Key, file.Value.Size, file.Value.Digest.ToString()))
                .OrderBy(file => file.Name, StringComparer.Ordinal)],
            Bins = [.. plan.Bins.Select(bin => new ArtifactBin(bin.Name, bin.MinTimestep, bin.MaxTimestep)
            {
                KeepsActivations = bin.KeepsActivations,
            })],
            Layers = expert.Layers.ToImmutableSortedDictionary(layer => layer.Plan.Name, Describe, StringComparer.Ordinal),
        };
    }

    private static ArtifactLayer Describe(BuiltLayer layer)
    {
        LayerRecipe recipe = layer.Plan.Recipe;
        if (recipe.Precision == Precision.BF16)
            return new ArtifactLayer { Precision = ArtifactLayer.BF16 };
        ImmutableArray<ClipSetting> clips = [.. layer.Clips.Select(clip => clip.Value.Setting)];
        return new ArtifactLayer
        {
            Precision = RecipeNames.Precision.NameOf(recipe.Precision),
            Rank = recipe.LowRank.Rank,
            Smooth = recipe.Smooth.Enabled,
            Rotation = layer.Rotation == Rotation.None ? null : RecipeNames.AppliedRotation.NameOf(layer.Rotation),
            Granularity = clips.Length > 0 ? RecipeNames.Granularity.NameOf(recipe.Activations.Granularity) : null,
            Ties = clips.Length > 0 ? RecipeNames.Ties.NameOf(recipe.Activations.Ties) : null,
            Clips = clips,
        };
    }
}
