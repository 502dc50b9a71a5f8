using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Planning;

/// <summary>Plans one expert: its bins, its layers, and the tensors that pass through.</summary>
internal static class ExpertPlanner
{
    /// <summary>The plan of an expert whose source is complete.</summary>
    public static ExpertPlan Resolve(QuantManifest manifest, ExpertSection expert, ExpertCheckpoint source, CalibrationPlan calibration,
        RecipeResolver resolver, ICollection<Diagnostic> problems)
    {
        bool isHigh = expert.Name == ExpertNames.HighNoise;
        ImmutableArray<int> timesteps = [.. calibration.Timesteps.Where(t => t >= calibration.Boundary == isHigh)];
        (int top, int bottom) = isHigh ? (ModelSection.MaxTimestep, calibration.Boundary) : (calibration.Boundary - 1, 0);
        ImmutableArray<TimestepBin> bins = BinResolver.Resolve(expert, top, bottom, timesteps, calibration.Timesteps.Length, problems);

        List<(LayerPlan Layer, ResolvedRecipe Resolved)> layers = Layers(manifest.Output.Layout, expert, source.Config,
            resolver);
        new LayerChecks(expert, problems).Check(layers);
        var layout = new LayoutChecks(manifest.Output, expert, problems);
        layout.Check(layers, bins);
        layout.CheckFileSize(source.Config, layers.Select(entry => entry.Layer));
        CheckTokens(manifest.Calibration, expert, bins, layers.Select(entry => entry.Layer), problems);

        HashSet<string> quantized = [.. layers.Where(entry => entry.Layer.Recipe.Precision != Precision.BF16)
            .Select(entry => entry.Layer.WeightName)];
        return new ExpertPlan(expert.Name, source.Directory, source.Config, timesteps, bins, [.. layers.Select(entry => entry.Layer)],
            [.. source.Tensors.Where(name => !quantized.Contains(name))])
        {
            File = source.File,
            Loras = source.Loras,
        };
    }

    private static List<(LayerPlan Layer, ResolvedRecipe Resolved)> Layers(OutputLayout layout, ExpertSection expert, WanConfig config,
        RecipeResolver resolver)
    {
        var layers = new List<(LayerPlan, ResolvedRecipe)>();
        for (int block = 0; block < config.NumLayers; block++)
        {
            foreach (WanSite site in WanLayers.Sites)
            {
                foreach (string layer in WanLayers.LayersOf(site))
                {
                    string name = string.Create(CultureInfo.InvariantCulture, $"blocks.{block}.{layer}");
                    ResolvedRecipe resolved = resolver.Resolve(expert, name);
                    (int rows, int columns) = config.ShapeOf(layer);
                    LayerRecipe recipe = LayoutRecipe.Of(layout, resolved.Recipe);
                    var plan = new LayerPlan(block, site, name, rows, columns, recipe, resolved.Reason());
                    layers.Add((recipe.Get(RecipeSettings.Rank) == RankKind.Auto ? WithStart(plan) : plan, resolved));
                }
            }
        }
        return layers;
    }

    /// <summary>A layer whose rank is chosen later begins with the usual one; a layer that is kept has no rank to choose.</summary>
    private static LayerPlan WithStart(LayerPlan layer)
    {
        int rank = RankStart.RankOf(layer, RankStart.Usual);
        return layer with
        {
            Recipe = layer.Recipe.With(RecipeSettings.Rank, rank),
            StartRank = layer.Recipe.Precision == Precision.BF16 ? null : rank,
        };
    }

    /// <summary>
    /// The clip search compares candidates by their errors on a bin's tokens: with fewer than about two per input channel it may fit noise.
    /// </summary>
    private static void CheckTokens(CalibrationSection calibration, ExpertSection expert, ImmutableArray<TimestepBin> bins,
        IEnumerable<LayerPlan> layers, ICollection<Diagnostic> problems)
    {
        // What comes from outside is counted when it is opened.
        if (calibration.Activations is not null)
            return;
        long needed = 2L * layers.Where(layer => layer.Recipe.Precision == Precision.W4A4).Select(layer => layer.InFeatures)
            .DefaultIfEmpty().Max();
        foreach ((TimestepBin bin, BinSection section) in bins.Zip(expert.Bins))
        {
            long visits = (long)calibration.Samples * bin.Steps.Length;
            long tokens = visits * calibration.TokensPerStep;
            if (tokens > 0 && tokens < needed)
            {
                problems.Add(Descriptors.BinWithFewTokens.At(section.Span, bin.Name, expert.Name, tokens, needed / 2,
                    (needed + visits - 1) / visits));
            }
        }
    }
}
