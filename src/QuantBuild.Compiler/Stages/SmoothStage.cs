using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Smoothing vector of a site, or of one of its layers: eq. (5).</summary>
internal static class SmoothStage
{
    // Elements of a weight that are in memory at once.
    private const int PanelSize = 1 << 22;

    /// <summary>The vector shared by <paramref name="layers"/>, as a blob with one tensor <c>scale</c> F32 [in].</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert.</param>
    /// <param name="name">What the vector is for.</param>
    /// <param name="layers">The layers that share it; equal recipes.</param>
    /// <param name="recordings">The site's recordings, one per sample.</param>
    public static BlobRef? Run(BuildContext context, ExpertSource source, string name, IReadOnlyList<LayerPlan> layers, IReadOnlyList<Recording> recordings)
    {
        SmoothRecipe recipe = layers[0].Recipe.Smooth;
        var spec = new ActionSpec(Stage.Smooth, source.Plan.Name, name,
            new JsonObject { ["alpha"] = recipe.Alpha },
            layers.Select((layer, i) => KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"weight.{i}"), source.Digests[layer.WeightName]))
                .Concat(Inputs.Of(recordings)));
        return context.Run(spec, _ => WorkingSets.Smooth, _ => LayerTensors.Guard(source, layers[0], recordings, () =>
            Outputs.Of("scale", Compute(context, source, layers, recordings, recipe))))?.Outputs["scale"];
    }

    private static BlobRef Compute(BuildContext context, ExpertSource source, IReadOnlyList<LayerPlan> layers, IReadOnlyList<Recording> recordings, SmoothRecipe recipe)
    {
        using SiteActivations activations = SiteActivations.Open(context.Store, recordings);
        int channels = activations.Channels;
        var weightAbsmax = new float[channels];
        int panelRows = Math.Max(1, PanelSize / channels);
        var panel = new float[Math.Min(panelRows, layers.Max(layer => layer.OutFeatures)) * channels];
        foreach (LayerPlan layer in layers)
        {
            for (int first = 0; first < layer.OutFeatures; first += panelRows)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                int rows = Math.Min(panelRows, layer.OutFeatures - first);
                source.ReadRows(layer, first, panel.AsSpan(0, rows * channels));
                Smoothing.AccumulateAbsmax(new Kernels.ReadOnlyMatrixView(panel, rows, channels), weightAbsmax, first);
            }
        }
        var scale = new float[channels];
        Smoothing.Scale(activations.Absmax(), weightAbsmax, recipe.Alpha, scale);
        return context.Store.StoreTensors(TensorData.Of("scale", [channels], scale));
    }
}
