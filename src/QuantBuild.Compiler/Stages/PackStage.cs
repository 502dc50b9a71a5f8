using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Layouts;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Writes an expert's artifact files in the layout of the manifest.</summary>
internal sealed class PackStage() : Stage<PackSubject, PackStage.Result>("Pack", 1,
    new StageText("expert", "scale, chosen rotation, low rank, codes and choices of all layers, kept tensors, config.json",
        "artifact files"),
    new StageOption<PackSubject>("layout", subject => RecipeNames.Layout.NameOf(subject.Output.Layout)),
    new StageOption<PackSubject>("shardSize", subject => subject.Output.ShardSize),
    new StageOption<PackSubject>("keptDtype", subject => RecipeNames.KeptDtype.NameOf(new(subject.Output.KeptDtype))),
    new StageOption<PackSubject>("more", subject => LayoutOf(subject.Plan).Describe(subject.Source.Plan)))
{
    /// <summary>Times that an artifact's bytes are read, hashed or written.</summary>
    private const double Passes = 3;

    /// <summary>What the action stores.</summary>
    /// <param name="Files">Artifact files by name.</param>
    public sealed record Result(IReadOnlyDictionary<string, BlobRef> Files);

    /// <inheritdoc/>
    public override string ExpertOf(PackSubject subject) => subject.Source.Plan.Name;

    /// <inheritdoc/>
    public override string NameOf(PackSubject subject) => subject.Source.Plan.Name;

    /// <inheritdoc/>
    public override double Seconds(PackSubject subject, MachineSpeed speed) => StoredBytes(subject) * speed.Byte * Passes;

    /// <summary>Bytes of the artifact's tensors: codes, scales, smoothing, low rank, and everything kept.</summary>
    public override long StoredBytes(PackSubject subject) =>
        subject.Source.Plan.KeptTensors.Sum(name => KeptBytes(subject.Source.Checkpoint, name, subject.Output.KeptDtype))
        + subject.Source.Plan.Layers.Sum(layer => LayerSize.Of(subject.Source.Plan, layer).Total);

    /// <inheritdoc/>
    public override Result Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) => new(outputs);

    /// <summary>The files; null when the runner only looks and they are missing.</summary>
    public Result? Run(BuildContext context, ExpertSource source, IReadOnlyList<BuiltLayer> layers)
    {
        var inputs = new Dictionary<string, Digest>(StringComparer.Ordinal) { ["config"] = Digest.Of(source.ConfigJson.Span) };
        foreach (string kept in source.Plan.KeptTensors)
            inputs.Add(kept, source.Digests[kept]);
        foreach (BuiltLayer layer in layers)
        {
            Add(layer.Plan.Name + "/smooth", layer.Smooth);
            Add(layer.Plan.Name + "/rotation", layer.ChosenRotation?.Blob);
            Add(layer.Plan.Name + "/lowrank", layer.LowRank?.Factors);
            Add(layer.Plan.Name + "/weights", layer.Weights?.Weights);
            for (int bin = 0; bin < layer.Clips.Length; bin++)
                Add(string.Create(CultureInfo.InvariantCulture, $"{layer.Plan.Name}/clip.{bin:00}"), layer.Clips[bin].Blob);
        }
        return context.RunUnbudgeted(this, new PackSubject(context.Plan, source), inputs, () =>
        {
            var expert = new PackedExpert(context, source, layers);
            LayoutOf(context.Plan).Write(expert);
            return expert.Files;
        });

        void Add(string role, BlobRef? blob)
        {
            if (blob is { } present)
                inputs.Add(role, present.Digest);
        }
    }

    /// <summary>Bytes of a kept tensor in an artifact, cast if the manifest says so.</summary>
    public static long KeptBytes(WanCheckpoint checkpoint, string name, DType? castTo) =>
        checkpoint.Tensors[name].ElementCount * (castTo ?? checkpoint.KeptTypeOf(name)).Bits() / 8;

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
