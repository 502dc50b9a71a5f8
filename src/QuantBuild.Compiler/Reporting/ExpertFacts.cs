using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Reporting;

/// <summary>What is recorded about one expert.</summary>
internal static class ExpertFacts
{
    /// <summary>Facts of an expert, its layers in plan order and its sites in forward order.</summary>
    /// <param name="results">Results of the build.</param>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert's checkpoint.</param>
    /// <param name="recipes">Distinct recipes of the report; new ones are added.</param>
    public static JsonObject Of(RecordedResults results, BuildContext context, ExpertSource source, RecipeList recipes)
    {
        ExpertPlan plan = source.Plan;
        int[] recipeOf = [.. plan.Layers.Select(layer => recipes.IndexOf(layer.Recipe))];
        var layers = new JsonObject?[plan.Layers.Length];
        Parallel.For(0, layers.Length, Options(context), i =>
        {
            JsonObject layer = LayerFacts.Of(results, plan, plan.Layers[i], recipeOf[i]);
            if (plan.Layers[i].Recipe.Precision == Precision.BF16)
                layer["keptBytes"] = PackStage.KeptBytes(source.Checkpoint, plan.Layers[i].WeightName,
                    context.Plan.Manifest.Output.KeptDtype);
            layers[i] = layer;
        });

        string[] samples = [.. results.Actions.Where(action => action.Stage == BuildStages.Trajectory.Name).Select(action => action.Name)];
        SiteKey[] keys =
            [.. Enumerable.Range(0, plan.Config.NumLayers).SelectMany(block => WanLayers.Sites.Select(site => new SiteKey(block, site)))];
        var sites = new JsonObject?[keys.Length];
        Parallel.For(0, sites.Length, Options(context), i => sites[i] = SiteFacts.Of(results, plan, keys[i], samples));

        return new JsonObject
        {
            ["name"] = plan.Name,
            ["blocks"] = plan.Config.NumLayers,
            ["timesteps"] = Rounded.Array(plan.Timesteps),
            ["bins"] = new JsonArray([.. plan.Bins.Select(bin => (JsonNode)Of(bin))]),
            ["sourceBytes"] = source.Checkpoint.Tensors.Values.Sum(tensor => tensor.ByteLength),
            ["bytes"] = Bytes(context.Plan, source),
            ["files"] = Files(results, plan),
            ["layers"] = new JsonArray([.. layers]),
            ["sites"] = new JsonArray([.. sites]),
        };
    }

    private static JsonObject Of(TimestepBin bin)
    {
        var json = new JsonObject
        {
            ["name"] = bin.Name,
            ["min"] = bin.MinTimestep,
            ["max"] = bin.MaxTimestep,
            ["steps"] = Rounded.Array(bin.Steps),
        };
        if (bin.KeepsActivations)
            json["activations"] = RecipeNames.BinActivations.NameOf(true);
        return json;
    }

    private static ParallelOptions Options(BuildContext context) =>
        new() { MaxDegreeOfParallelism = context.Budget.Threads, CancellationToken = context.Cancellation };

    /// <summary>Where an expert's bytes go, by kind of tensor.</summary>
    private static JsonObject Bytes(Plan plan, ExpertSource source)
    {
        LayerSize[] sizes = [.. source.Plan.Layers.Select(layer => LayerSize.Of(source.Plan, layer))];
        HashSet<string> weights = [.. source.Plan.Layers.Select(layer => layer.WeightName)];
        ILookup<bool, long> kept =
            source.Plan.KeptTensors.ToLookup(weights.Contains, name =>
                PackStage.KeptBytes(source.Checkpoint, name, plan.Manifest.Output.KeptDtype));
        return new JsonObject
        {
            ["codes"] = sizes.Sum(size => size.Codes),
            ["scales"] = sizes.Sum(size => size.Scales),
            ["lowRank"] = sizes.Sum(size => size.LowRank),
            ["smooth"] = sizes.Sum(size => size.Smooth),
            ["clips"] = sizes.Sum(size => size.Clips),
            ["keptLayers"] = kept[true].Sum(),
            ["other"] = kept[false].Sum(),
        };
    }

    private static JsonArray? Files(RecordedResults results, ExpertPlan plan) => results.Files(plan.Name) is { } files
        ? [.. files.OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => (JsonNode)new JsonArray(file.Name, file.Content.Size, file.Content.Digest.ToString()))]
        : null;
}
