using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Layouts;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>Writes an expert's artifact files in the layout of the manifest.</summary>
internal static class PackStage
{
    /// <summary>Blobs by file name.</summary>
    public static IReadOnlyDictionary<string, BlobRef>? Run(BuildContext context, ExpertSource source, IReadOnlyList<BuiltLayer> layers)
    {
        OutputSection output = context.Plan.Manifest.Output;
        var inputs = new Dictionary<string, Digest>(StringComparer.Ordinal) { ["config"] = Digest.Of(source.ConfigJson.Span) };
        foreach (string kept in source.Plan.KeptTensors)
            inputs.Add(kept, source.Digests[kept]);
        foreach (BuiltLayer layer in layers)
        {
            Add(layer.Plan.Name + "/smooth", layer.Smooth);
            Add(layer.Plan.Name + "/lowrank", layer.LowRank);
            Add(layer.Plan.Name + "/weights", layer.Weights);
            for (int bin = 0; bin < layer.Clips.Length; bin++)
                Add(string.Create(CultureInfo.InvariantCulture, $"{layer.Plan.Name}/clip.{bin:00}"), layer.Clips[bin]);
        }
        var options = new JsonObject
        {
            ["layout"] = RecipeNames.Layout.NameOf(output.Layout),
            ["shardSize"] = output.ShardSize,
            ["keptDtype"] = output.KeptDtype?.ToString() ?? "source",
        };
        ILayout layout = LayoutOf(context.Plan);
        if (layout.Describe(source.Plan) is { } more)
            options["more"] = more;
        return context.Runner.Run(new ActionSpec(Stage.Pack, source.Plan.Name, source.Plan.Name, options, inputs), () =>
        {
            var expert = new PackedExpert(context, source, layers);
            layout.Write(expert);
            return expert.Files;
        }, context.Cancellation)?.Outputs;

        void Add(string role, BlobRef? blob)
        {
            if (blob is { } present)
                inputs.Add(role, present.Digest);
        }
    }

    /// <summary>Writes the layout of a plan.</summary>
    public static ILayout LayoutOf(Plan plan) => plan.Manifest.Output.Layout switch
    {
        OutputLayout.Native => new NativeLayout(),
        OutputLayout.CompressedTensors => new CompressedTensorsLayout(),
        OutputLayout.ModelSlim => new ModelSlimLayout(),
        OutputLayout.LightX2V => new LightX2VLayout(plan),
        OutputLayout.BFloat16 => new DequantizedLayout(),
        OutputLayout.Diffusers => new DiffusersLayout(),
        _ => throw new ArgumentOutOfRangeException(nameof(plan)),
    };
}
