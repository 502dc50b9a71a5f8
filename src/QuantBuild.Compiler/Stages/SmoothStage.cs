using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Smoothing vector of a site, or of one of its layers: eq. (5).</summary>
internal static class SmoothStage
{
    /// <summary>The vector shared by <paramref name="layers"/>, as a blob with one tensor <c>scale</c> F32 [in].</summary>
    /// <param name="context">The build.</param>
    /// <param name="source">The expert.</param>
    /// <param name="name">What the vector is for.</param>
    /// <param name="layers">The layers that share it; equal recipes.</param>
    /// <param name="recordings">The site's recordings, one per sample.</param>
    public static BlobRef? Run(BuildContext context, ExpertSource source, string name, IReadOnlyList<LayerPlan> layers, IReadOnlyList<Digest> recordings)
    {
        SmoothRecipe recipe = layers[0].Recipe.Smooth;
        var spec = new ActionSpec(Stage.Smooth, source.Plan.Name, name,
            new JsonObject { ["alpha"] = recipe.Alpha },
            layers.Select((layer, i) => KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"weight.{i}"), source.Digests[layer.WeightName]))
                .Concat(Inputs.Of(recordings)));
        return context.Runner.Run(spec, () => LayerTensors.Guard(source, layers[0], () =>
            Outputs.Of("scale", Compute(context, source, layers, recordings, recipe))), context.Cancellation)?.Outputs["scale"];
    }

    private static BlobRef Compute(BuildContext context, ExpertSource source, IReadOnlyList<LayerPlan> layers, IReadOnlyList<Digest> recordings, SmoothRecipe recipe)
    {
        using SiteActivations activations = SiteActivations.Open(context.Store, recordings);
        int channels = activations.Channels;
        var weightAbsmax = new float[channels];
        foreach (LayerPlan layer in layers)
        {
            float[] weight = source.ReadWeight(layer);
            Smoothing.AccumulateAbsmax(new Kernels.ReadOnlyMatrixView(weight, layer.OutFeatures, channels), weightAbsmax);
        }
        var scale = new float[channels];
        Smoothing.Scale(activations.Absmax(), weightAbsmax, recipe.Alpha, scale);
        return context.Store.StoreTensors(TensorData.Of("scale", [channels], scale));
    }
}
