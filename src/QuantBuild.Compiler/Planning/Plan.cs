using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Sources;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Planning;

/// <summary>A manifest resolved against its checkpoint: what every layer becomes and why.</summary>
/// <param name="Manifest">The manifest it came from.</param>
/// <param name="Calibration">The sampling schedule that calibration follows.</param>
/// <param name="Experts">Both experts, high noise first.</param>
/// <param name="Location">Where the checkpoint was found.</param>
/// <param name="Warnings">Oddities that do not stop the build.</param>
internal sealed record Plan(QuantManifest Manifest, CalibrationPlan Calibration, ImmutableArray<ExpertPlan> Experts,
    CheckpointLocation Location, ImmutableArray<Diagnostic> Warnings)
{
    /// <summary>What computes.</summary>
    public Backends Backends { get; init; } = Backends.Cpu;

    /// <summary>The arithmetic of its stages.</summary>
    public StageProfiles Profiles => Backends.Profiles;

    /// <summary>The shape of the expert with the wider layers.</summary>
    internal WanConfig LargestConfig => Experts.Select(expert => expert.Config).MaxBy(config => config.Dim + config.FfnDim)!;

    /// <summary>The same model in the layout that this project's runtime reads.</summary>
    internal Plan InNativeLayout() =>
        this with { Manifest = Manifest with { Output = Manifest.Output with { Layout = OutputLayout.Native } } };
}
