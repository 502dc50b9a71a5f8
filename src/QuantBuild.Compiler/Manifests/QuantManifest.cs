using System.Collections.Immutable;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Manifests;

/// <summary>A parsed and validated manifest; positions of its parts are kept for later diagnostics.</summary>
internal sealed record QuantManifest
{
    /// <summary>Absolute path of the manifest file.</summary>
    public required string Path { get; init; }

    /// <summary>SHA-256 of the file's bytes.</summary>
    public Digest Content { get; init; }

    /// <summary>Name of what it builds; by default the file's name without <c>.quant.json</c>, as the build step calls it.</summary>
    public string Name { get => field ?? NameFrom(Path); init; }

    /// <summary>Folder that relative paths start from.</summary>
    public string Directory => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>Where the model comes from.</summary>
    public required ModelSection Model { get; init; }

    /// <summary>Both experts, high noise first.</summary>
    public required ImmutableArray<ExpertSection> Experts { get; init; }

    /// <summary>Calibration data and schedule.</summary>
    public required CalibrationSection Calibration { get; init; }

    /// <summary>Settings of a layer that no expert section and no override changes.</summary>
    public required LayerRecipe Quantize { get; init; }

    /// <summary>What the manifest's <c>quantize</c> section sets, with places; already part of <see cref="Quantize"/>.</summary>
    public RecipePatch QuantizePatch { get; init; } = RecipePatch.Empty;

    /// <summary>Ordered overrides; the last match wins, setting by setting.</summary>
    public required ImmutableArray<OverrideSection> Overrides { get; init; }

    /// <summary>The arithmetic.</summary>
    public ComputeSection Compute { get; init; } = ComputeSection.Default;

    /// <summary>Quality thresholds.</summary>
    public required GatesSection Gates { get; init; }

    /// <summary>What is written and how.</summary>
    public required OutputSection Output { get; init; }

    /// <summary>The name that a manifest file implies: <c>tinywan.fr</c> for <c>models/tinywan.fr.quant.json</c>.</summary>
    public static string NameFrom(string path) =>
        System.IO.Path.GetFileNameWithoutExtension(System.IO.Path.GetFileNameWithoutExtension(path));
}
