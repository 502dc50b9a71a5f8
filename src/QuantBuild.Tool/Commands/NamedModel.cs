using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Sources;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary>What <c>--model</c> names.</summary>
/// <param name="Source">Where its parts are.</param>
/// <param name="Manifest">The manifest that names it; null for a checkpoint.</param>
internal sealed record NamedModel(PipelineSource Source, QuantManifest? Manifest)
{
    private const string ManifestEnding = ".quant.json";

    /// <summary>
    /// A checkpoint's folder, that of a model project or its manifest, or one of the Hub in the download cache. With a manifest experts are
    /// those that it names, with its LoRA files.
    /// </summary>
    /// <param name="model">A folder, a manifest, or <c>hf://owner/name@revision</c>.</param>
    /// <param name="needsExperts">Whether full-precision experts are needed.</param>
    /// <param name="run">The command.</param>
    /// <exception cref="DiagnosticException">
    /// The checkpoint or a LoRA file cannot be fetched, or a manifest that is named is wrong.
    /// </exception>
    public static NamedModel Find(string model, bool needsExperts, CommandRun run)
    {
        if (model.StartsWith(HubReference.Scheme, StringComparison.Ordinal))
            return new NamedModel(new PipelineSource(Fetch(HubReference.Parse(model), needsExperts ? null : [], run)), null);
        bool isManifest = model.EndsWith(ManifestEnding, StringComparison.OrdinalIgnoreCase);
        if (ManifestOf(model, isManifest, needsExperts) is { } manifest)
            return new NamedModel(SourceOf(manifest, needsExperts, run), manifest);
        string inside = Path.Combine(model, "checkpoint"), folder = Directory.Exists(inside) ? inside : model;
        var source = new PipelineSource(folder, FileIn(folder, ExpertNames.HighNoise), FileIn(folder, ExpertNames.LowNoise));
        return new NamedModel(source, null);
    }

    /// <summary>The file of an expert in a folder of one file per expert; null in other layouts.</summary>
    private static ExpertWeights? FileIn(string folder, string expert) => ExpertFolders.In(folder, expert) is var weights
        && CheckpointFiles.IsFile(weights) ? new ExpertWeights(Path.Combine(folder, weights), []) : null;

    private static QuantManifest? ManifestOf(string model, bool isManifest, bool needsExperts)
    {
        if (isManifest)
        {
            ManifestReadResult read = ManifestReader.Read(model);
            return read.Manifest ?? throw new DiagnosticException(read.Diagnostics);
        }
        QuantManifest?[] manifests = Directory.Exists(model)
            ? [.. Directory.GetFiles(model, "*" + ManifestEnding).Select(file => ManifestReader.Read(file).Manifest)] : [];
        // Of several manifests none is the project's; they may share its checkpoint, but not what is merged into it.
        return manifests.Length == 1 ? manifests[0]
            : needsExperts && manifests.Any(manifest => manifest?.Model.Loras.IsEmpty == false)
                ? throw new UsageException($"{model} has several manifests, and some merge LoRA files: name one of them with --model.")
                : null;
    }

    private static PipelineSource SourceOf(QuantManifest manifest, bool needsExperts, CommandRun run)
    {
        ImmutableArray<string>? named = manifest.Experts.All(expert => expert.Weights is not null)
            ? [.. manifest.Experts.Select(expert => expert.Weights!.Replace('\\', '/'))] : null;
        string folder = manifest.Model.Repository is { } repository
            ? Fetch(repository, needsExperts ? named : [], run)
            : manifest.Model.Source;
        if (!needsExperts)
            return new PipelineSource(folder);
        QuantManifest local = LoraDownload.Fetch(manifest, HubConnection.Access(run), run.Cancellation);
        ExpertWeights[] experts = [.. local.Experts.Select(expert => new ExpertWeights(
            Path.GetFullPath(expert.Weights ?? ExpertFolders.In(folder, expert.Name), folder),
            [.. local.Model.Loras.Where(lora => lora.Concerns(expert.Name)).Select(lora => new LoraReference(lora.File, lora.Strength))]))];
        foreach (LoraSection lora in local.Model.Loras)
            run.Console.Error.WriteLine($"full precision with {lora.File} merged in");
        return new PipelineSource(folder, experts[0], experts[1]);
    }

    private static string Fetch(HubReference reference, ImmutableArray<string>? experts, CommandRun run) =>
        new SourceLocator(HubConnection.Access(run), reference, span: null, run.Cancellation)
            .Fetch(experts, encoders: true, _ => { }, SilentObserver.Instance).Folder;
}
