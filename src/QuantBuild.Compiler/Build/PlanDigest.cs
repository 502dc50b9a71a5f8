using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Build;

/// <summary>Identity of a resolved plan: two manifests that mean the same have the same digest, wherever they and the model are.</summary>
internal static class PlanDigest
{
    /// <summary>SHA-256 of the plan's canonical description.</summary>
    public static Digest Of(Plan plan) => CanonicalJson.DigestOf(Describe(plan));

    private static JsonObject Describe(Plan plan)
    {
        return new JsonObject
        {
            ["profiles"] = plan.Profiles.Names.ToJson(),
            ["stages"] = new JsonObject(BuildStages.OfBuild(plan.Calibration.FromPictures)
                .Where(stage => stage != BuildStages.Curve || RankResolution.IsNeeded(plan))
                .Select(stage => KeyValuePair.Create(stage.Name, (JsonNode?)stage.Version))),
            ["architecture"] = plan.Manifest.Model.Architecture.Name,
            ["boundary"] = plan.Calibration.Boundary,
            ["calibration"] = Describe(plan.Manifest.Calibration),
            ["output"] = new JsonObject
            {
                ["layout"] = RecipeNames.Layout.NameOf(plan.Manifest.Output.Layout),
                ["shardSize"] = plan.Manifest.Output.ShardSize,
                ["keptDtype"] = RecipeNames.KeptDtype.NameOf(new(plan.Manifest.Output.KeptDtype)),
            },
            ["experts"] = new JsonObject(plan.Experts.Select(expert => KeyValuePair.Create(expert.Name, (JsonNode?)Describe(expert)))),
        };
    }

    private static JsonObject Describe(CalibrationSection calibration)
    {
        var json = new JsonObject
        {
            ["samples"] = calibration.Samples,
            ["solver"] = RecipeNames.Solver.NameOf(calibration.Solver),
            ["steps"] = calibration.Steps,
            ["shift"] = calibration.Shift,
            ["guidanceHigh"] = calibration.GuidanceHigh,
            ["guidanceLow"] = calibration.GuidanceLow,
            ["tokensPerStep"] = calibration.TokensPerStep,
            ["seed"] = calibration.Seed.ToString(CultureInfo.InvariantCulture),
        };
        if (TrajectoryStage.TimestepsOf(calibration) is { } timesteps)
            json["timesteps"] = timesteps;
        if (calibration.Latent is { } latent)
            json["latent"] = new JsonObject { ["frames"] = latent.Frames, ["height"] = latent.Height, ["width"] = latent.Width };
        return json;
    }

    private static JsonObject Describe(ExpertPlan expert) => new()
    {
        ["bins"] = new JsonArray([.. expert.Bins.Select(bin => (JsonNode)Describe(bin))]),
        ["layers"] = new JsonObject(expert.Layers.Select(layer => KeyValuePair.Create(layer.Name, (JsonNode?)Describe(layer)))),
    };

    /// <summary>A layer's recipe; of a chosen rank how it is chosen, which says what it will be.</summary>
    private static JsonObject Describe(LayerPlan layer)
    {
        JsonObject json = layer.Recipe.ToJson();
        if (layer.StartRank is not null)
        {
            json["rank"] = RankKind.AutoName;
            json["budget"] = layer.Recipe.Get(RecipeSettings.Budget);
        }
        return json;
    }

    private static JsonObject Describe(TimestepBin bin)
    {
        var json = new JsonObject
        {
            ["name"] = bin.Name,
            ["min"] = bin.MinTimestep,
            ["max"] = bin.MaxTimestep,
            ["clipRatios"] = bin.ClipRatios is { } ratios ? Numbers(ratios) : null,
        };
        if (bin.KeepsActivations)
            json["activations"] = RecipeNames.BinActivations.NameOf(true);
        return json;
    }

    private static JsonArray Numbers(IEnumerable<double> values) => [.. values.Select(value => (JsonNode)value)];
}
