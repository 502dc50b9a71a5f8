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
    RecipeOption.Of<SmoothGroup>(RecipeSettings.Alpha, group => group.Layers[0].Recipe))
{
    /// <summary>What the action stores.</summary>
    /// <param name="Scale">Blob with <c>scale</c> F32 [in].</param>
    public sealed record Result(BlobRef Scale);

    /// <inheritdoc/>
    public override string ExpertOf(SmoothGroup subject) => subject.Expert.Name;

    /// <inheritdoc/>
    public override string NameOf(SmoothGroup subject) => subject.Name;

    /// <inheritdoc/>
    public override long Bytes(SmoothGroup subject, int threads) => 2 * WorkingSets.ReadPanel;

    /// <inheritdoc/>
    public override long StoredBytes(SmoothGroup subject) => LayerSize.Of(subject.Expert, subject.Layers[0]).Smooth;

    /// <inheritdoc/>
    public override Result Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) => new(outputs["scale"]);

    /// <summary>The vector that a group shares; null when the runner only looks and it is missing.</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert.</param>
    /// <param name="group">The layers that share it.</param>
    /// <param name="recordings">The site's recordings, one per sample.</param>
    public BlobRef? Run(BuildContext context, ExpertSource source, SmoothGroup group, IReadOnlyList<Recording> recordings) =>
        context.Run(this, group,
        group.Layers.Select((layer, i) =>
            KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"weight.{i}"), source.Digests[layer.WeightName]))
            .Concat(Inputs.Of(recordings)),
        _ => LayerTensors.Guard(source, group.Layers[0], recordings, () =>
            Outputs.Of("scale", Compute(context, source, group.Layers, recordings))))?.Scale;

    private static BlobRef Compute(BuildContext context, ExpertSource source, IReadOnlyList<LayerPlan> layers,
        IReadOnlyList<Recording> recordings)
    {
        using SiteActivations activations = SiteActivations.Open(context.Store, recordings);
        float[] scale = SmoothingVector.Of([.. layers.Select(layer => layer.Spec)], source.Checkpoint, activations.Absmax(),
            context.Cancellation);
        return context.Store.StoreTensors(TensorData.Of("scale", [scale.Length], scale));
    }
}
