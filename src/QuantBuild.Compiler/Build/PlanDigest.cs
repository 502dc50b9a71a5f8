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
            ["profile"] = plan.Profiles.ToString(),
            ["stages"] = new JsonObject(BuildStages.OfBuild(plan.Calibration.FromPictures)
                .Select(stage => KeyValuePair.Create(stage.Name, (JsonNode?)stage.Version))),
            ["architecture"] = plan.Manifest.Model.Architecture,
            ["boundary"] = plan.Calibration.Boundary,
            ["calibration"] = Describe(plan.Manifest.Calibration),
            ["output"] = new JsonObject
            {
                ["layout"] = RecipeNames.Layout.NameOf(plan.Manifest.Output.Layout),
                ["shardSize"] = plan.Manifest.Output.ShardSize,
                ["keptDtype"] = plan.Manifest.Output.KeptDtype?.ToString() ?? "source",
            },
            ["experts"] = new JsonObject(plan.Experts.Select(expert => KeyValuePair.Create(expert.Name, (JsonNode?)Describe(expert)))),
        };
    }

    private static JsonObject Describe(CalibrationSection calibration)
    {
        var json = new JsonObject
        {
            ["samples"] = calibration.Samples,
            ["solver"] = calibration.Solver,
            ["steps"] = calibration.Steps,
            ["shift"] = calibration.Shift,
            ["guidanceHigh"] = calibration.GuidanceHigh,
            ["guidanceLow"] = calibration.GuidanceLow,
            ["tokensPerStep"] = calibration.TokensPerStep,
            ["seed"] = calibration.Seed.ToString(CultureInfo.InvariantCulture),
        };
        if (calibration.Latent is { } latent)
            json["latent"] = new JsonObject { ["frames"] = latent.Frames, ["height"] = latent.Height, ["width"] = latent.Width };
        return json;
    }

    private static JsonObject Describe(ExpertPlan expert) => new()
    {
        ["bins"] = new JsonArray([.. expert.Bins.Select(bin => (JsonNode)new JsonObject
        {
            ["name"] = bin.Name,
            ["min"] = bin.MinTimestep,
            ["max"] = bin.MaxTimestep,
            ["clipRatios"] = bin.ClipRatios is { } ratios ? Numbers(ratios) : null,
        })]),
        ["layers"] = new JsonObject(expert.Layers.Select(layer => KeyValuePair.Create(layer.Name, (JsonNode?)Describe(layer.Recipe)))),
    };

    /// <summary>A layer's settings that matter, as the plan's digest and the lock file have them.</summary>
    public static JsonObject Describe(LayerRecipe recipe)
    {
        var json = new JsonObject { ["precision"] = recipe.Precision.ToString() };
        if (recipe.Precision == Precision.BF16)
            return json;
        json["alpha"] = recipe.Smooth.Enabled ? recipe.Smooth.Alpha : null;
        json["share"] = recipe.Smooth.Enabled ? recipe.Smooth.Share.ToString() : null;
        json["rank"] = recipe.LowRank.Rank;
        json["lowRank"] = recipe.LowRank.Method.ToString();
        json["accuracy"] = recipe.LowRank is { Rank: > 0, Method: LowRankMethod.Randomized } ? recipe.LowRank.Accuracy : null;
        json["weights"] = recipe.Weights.Method.ToString();
        json["damp"] = recipe.Weights.Damp;
        json["ties"] = recipe.Activations.Ties.ToString();
        if (recipe.Precision == Precision.W4A16)
            return json;
        json["granularity"] = recipe.Activations.Granularity.ToString();
        json["clipRatios"] = Numbers(recipe.Activations.ClipRatios);
        json["exponentOffsets"] = new JsonArray([.. recipe.Activations.ExponentOffsets.Select(offset => (JsonNode)offset)]);
        json["objective"] = recipe.Activations.Objective.ToString();
        return json;
    }

    private static JsonArray Numbers(IEnumerable<double> values) => [.. values.Select(value => (JsonNode)value)];
}
