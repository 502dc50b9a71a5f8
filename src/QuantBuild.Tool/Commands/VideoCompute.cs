using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Extensions;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Stages;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Text;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary>What computes a video: the processor's own kernels, or a backend that is loaded because somebody asks for it.</summary>
/// <param name="backend">The backend; null for the processor's own kernels.</param>
internal sealed class VideoCompute(IComputeBackend? backend) : IDenoiserFactory, IEncoderFactory
{
    // Where packages are looked for when there is a folder and no manifest: beside it.
    private const string NoManifest = "none.quant.json";

    /// <summary>This, for a pipeline; null for the processor's own kernels.</summary>
    public IDenoiserFactory? Factory => backend is null ? null : this;

    /// <summary>Finds and starts what the command line, the manifest or the artifact asks for.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="model">The model.</param>
    /// <param name="artifact">The artifact; null for none.</param>
    /// <param name="run">Told what it is.</param>
    /// <exception cref="DiagnosticException">It is not installed (QB3220), or cannot compute here (QB3230, QB3240 to QB3246).</exception>
    /// <exception cref="UsageException">Options of torch are given, and nothing asks for it.</exception>
    public static VideoCompute Find(ParseResult arguments, NamedModel model, ModelArtifact? artifact, CommandRun run)
    {
        ComputeBackend? asked = arguments.GetValue(ComputeArguments.Compute);
        ComputeOptions options = ComputeArguments.Of(arguments);
        ComputeSection choice = ModelChoice.Of(asked, options.Device, model.Manifest?.Compute, ProfileOf(artifact));
        if (choice.Model == ComputeBackend.Cpu)
        {
            if (options != ComputeOptions.Default)
                throw new UsageException("--torch, --device, --device-memory and --project-assets are for the arithmetic torch, and "
                    + (asked is null ? "nothing asks for it: add --compute torch." : "--compute asks for cpu: leave one of them out."));
            return new VideoCompute(null);
        }
        var registry = BackendRegistry.Of(model.Manifest?.Path ?? Path.Combine(model.Source.Checkpoint, NoManifest), options,
            host => host with { IsUnstored = true }, Environment.GetEnvironmentVariable);
        string asker = asked is not null ? "--compute" : model.Manifest is not null ? "compute.model" : "the artifact";
        IComputeBackend backend = registry.Find(choice.Model, choice) ?? throw new DiagnosticException(Descriptors.ComputeNotInstalled.At(
            null, asker, ComputeNames.Backend.NameOf(choice.Model), BackendRegistry.PackageOf(choice.Model)));
        backend.Start("a video");
        if (backend.Inspect(measure: false) is { } report)
            run.Console.Error.WriteLine($"computed by {report.Profile} on {report.Device}");
        return new VideoCompute(backend);
    }

    /// <summary>What is kept of the experts: what is asked for, as far as it fits the device.</summary>
    /// <param name="asked">What is asked for.</param>
    /// <param name="config">Shape of the experts.</param>
    /// <param name="run">Told when it does not fit.</param>
    public ExpertMemory Fit(ExpertMemory asked, WanConfig config, CommandRun run)
    {
        if (backend is null)
            return asked;
        ModelPlacement placement = PlacementOf(backend, config);
        ExpertMemory most = placement.Storage == WeightStorage.Mapped ? ExpertMemory.None
            : placement.OneAtATime ? ExpertMemory.One : ExpertMemory.Both;
        ExpertMemory fitting = asked == ExpertMemory.None || most == ExpertMemory.None ? ExpertMemory.None
            : most == ExpertMemory.One ? ExpertMemory.One : asked;
        if (fitting != asked)
            run.Console.Error.WriteLine(fitting == ExpertMemory.None
                ? "an expert does not fit the device: its blocks are streamed"
                : "both experts do not fit the device: it has one at a time");
        return fitting;
    }

    /// <summary>The activations of a pass in the machine's memory; null where they are those of the processor's own kernels.</summary>
    /// <param name="config">Shape of the experts.</param>
    /// <param name="memory">What is kept of them.</param>
    /// <param name="shape">Size of the latent.</param>
    /// <param name="is4Bit">Whether they are an artifact's.</param>
    /// <exception cref="DiagnosticException">The device, or the limit, has too little for the video (QB3250).</exception>
    public long? HostBytes(WanConfig config, ExpertMemory memory, LatentShape shape, bool is4Bit)
    {
        var placement = new ModelPlacement(memory == ExpertMemory.None ? WeightStorage.Mapped : WeightStorage.Resident, HostBytes: 0,
            OneAtATime: memory == ExpertMemory.One);
        if (backend is null || DeviceNeed.Of(backend, [config, config], placement, shape, is4Bit) is not { } need)
            return null;
        DeviceNeed.RequireModel(backend, placement, need, "denoising", shape);
        return need.OnDevice ? 0 : need.PassBytes;
    }

    /// <inheritdoc/>
    public IDenoiser Open(WanConfig config, ITensorSource weights, WeightStorage storage = WeightStorage.Resident) =>
        backend!.Models.Open(config, weights, storage);

    /// <inheritdoc/>
    public IDenoiser Open(ArtifactExpertModel quantized, WeightStorage storage = WeightStorage.Resident) =>
        backend!.Models.Open(quantized, storage);

    /// <inheritdoc/>
    public ITextEncoder OpenTextEncoder(TextEncoderConfig config, ITensorSource source) =>
        backend!.Encoders.OpenTextEncoder(config, source);

    /// <inheritdoc/>
    public VideoAutoencoder OpenAutoencoder(VaeConfig config, ITensorSource source, VaeTiling? tiling) =>
        backend!.Encoders.OpenAutoencoder(config, source, tiling);

    /// <summary>Where a device, or a limit, has experts stay; the machine's own memory is what was asked for it.</summary>
    private static ModelPlacement PlacementOf(IComputeBackend backend, WanConfig config) =>
        backend.Place(ModelElements.Of([config, config]), budget: long.MaxValue);

    private static string? ProfileOf(ModelArtifact? artifact) => artifact?.Descriptor is { } descriptor
        ? descriptor.Profiles.GetValueOrDefault("model", descriptor.Profile)
        : null;
}
