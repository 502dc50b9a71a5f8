using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Compute;
using System.Text.Json.Nodes;
using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Smoothing vector of a site, or of one of its layers: eq. (5).</summary>
internal sealed class SmoothStage() : Stage<SmoothGroup, SmoothStage.Result>("Smooth", 1,
    new StageText("site (or layer)", "recordings, weights that share the vector", "scale"),
    RecipeOption.Of<SmoothGroup>(RecipeSettings.Alpha, group => group.Layers[0].Recipe),
    Measured("share", group => RecipeNames.Share.NameOf(group.Layers[0].Recipe.Smooth.Share)),
    Measured("candidates", group => new JsonArray([.. group.Layers.Select(layer =>
        RecipeSettings.ClipRatios.ToJson(layer.Recipe))]), RecipeSettings.ClipRatios),
    Measured("rounding", group => new JsonArray([.. group.Layers.Select(layer => (JsonNode)new JsonArray(
        RecipeSettings.Precision.ToJson(layer.Recipe), RecipeSettings.Granularity.ToJson(layer.Recipe),
        RecipeSettings.ExponentOffsets.ToJson(layer.Recipe), RecipeSettings.Ties.ToJson(layer.Recipe)))]),
        RecipeSettings.Precision, RecipeSettings.Granularity, RecipeSettings.ExponentOffsets, RecipeSettings.Ties))
{
    /// <summary>What the action stores.</summary>
    /// <param name="Scales">A blob with <c>scale</c> F32 [in]: one, or one for every layer of the group.</param>
    /// <param name="Choice">What sharing was decided by; null where nothing was measured.</param>
    public sealed record Result(ImmutableArray<BlobRef> Scales, ShareResult? Choice)
    {
        /// <summary>The vector of a layer, by its place in the group.</summary>
        public BlobRef Of(int layer) => Scales[Scales.Length == 1 ? 0 : layer];
    }

    /// <inheritdoc/>
    public override string ExpertOf(SmoothGroup subject) => subject.Expert.Name;

    /// <inheritdoc/>
    public override string NameOf(SmoothGroup subject) => subject.Name;

    /// <inheritdoc/>
    public override long Bytes(SmoothGroup subject, int threads) => (2 * WorkingSets.ReadPanel)
        + (subject.IsMeasured ? subject.Layers.Max(layer => SharedSmoothing.Bytes(layer.Spec)) : 0);

    /// <inheritdoc/>
    public override long StoredBytes(SmoothGroup subject) => LayerSize.Of(subject.Expert, subject.Layers[0]).Smooth;

    /// <inheritdoc/>
    public override Result Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        outputs.TryGetValue("choice", out BlobRef choice) && store.ReadJson(choice, ShareResult.FromJson) is var share
            ? new(share.IsShared
                ? [outputs["scale"]]
                : [.. Enumerable.Range(0, share.Errors.Length).Select(i => outputs[NameOfScale(i)])], share)
            : new([outputs["scale"]], null);

    /// <summary>The vectors of a group's layers; null when the runner only looks and they are missing.</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert.</param>
    /// <param name="group">The layers.</param>
    /// <param name="recordings">The site's recordings, one per sample.</param>
    public Result? Run(BuildContext context, ExpertSource source, SmoothGroup group, IReadOnlyList<Recording> recordings) =>
        context.Run(this, group,
        group.Layers.Select((layer, i) =>
            KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"weight.{i}"), source.Digests[layer.WeightName]))
            .Concat(Inputs.Of(recordings)),
        threads => LayerTensors.Guard(source, group.Layers[0], recordings, () => Compute(context, source, group, recordings, threads)));

    private static IReadOnlyDictionary<string, BlobRef> Compute(BuildContext context, ExpertSource source, SmoothGroup group,
        IReadOnlyList<Recording> recordings, int threads)
    {
        using SiteActivations activations = SiteActivations.Open(context.Store, recordings);
        LayerSpec[] layers = [.. group.Layers.Select(layer => layer.Spec)];
        float[] shared = Vector(layers);
        if (!group.IsMeasured)
            return Outputs.Of("scale", Store(shared));
        float[][] own = [.. layers.Select(layer => Vector([layer]))];
        int[] steps = [.. Enumerable.Range(0, group.Expert.Timesteps.Length)];
        var choice = new ShareResult(
            [.. layers.Select((layer, i) => SharedSmoothing.Of(layer, source.Checkpoint, activations, steps, shared,
            own[i], threads, context.Cancellation))]);
        var outputs = new Dictionary<string, BlobRef>(StringComparer.Ordinal) { ["choice"] = context.Store.StoreJson(choice.ToJson()) };
        if (choice.IsShared)
            outputs.Add("scale", Store(shared));
        else
        {
            for (int i = 0; i < own.Length; i++)
                outputs.Add(NameOfScale(i), Store(own[i]));
        }
        return outputs;

        float[] Vector(LayerSpec[] some) => SmoothingVector.Of(some, source.Checkpoint, activations.Absmax(), context.Cancellation);

        BlobRef Store(float[] scale) => context.Store.StoreTensors(TensorData.Of("scale", [scale.Length], scale));
    }

    private static string NameOfScale(int layer) => string.Create(CultureInfo.InvariantCulture, $"scale.{layer}");

    /// <summary>What a measured group's choice depends on; of no account where nothing is measured.</summary>
    private static StageOption<SmoothGroup> Measured(string name, Func<SmoothGroup, JsonNode> value, params RecipeSetting[] settings) =>
        new(name, group => group.IsMeasured ? value(group) : null, name == "share" ? name : null)
        {
            MadeOf = [.. settings.Select(setting => setting.KeyName)],
        };
}
