using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Planning;

/// <summary>A manifest resolved against its checkpoint: what every layer becomes and why.</summary>
/// <param name="Manifest">The manifest it came from.</param>
/// <param name="Calibration">The sampling schedule that calibration follows.</param>
/// <param name="Experts">Both experts, high noise first.</param>
/// <param name="Warnings">Oddities that do not stop the build.</param>
public sealed record Plan(QuantManifest Manifest, CalibrationPlan Calibration, ImmutableArray<ExpertPlan> Experts, ImmutableArray<Diagnostic> Warnings);

/// <summary>The denoising schedule of calibration.</summary>
/// <param name="Timesteps">Integer timesteps, descending, as the model sees them.</param>
/// <param name="Boundary">Timesteps at or above it belong to the high-noise expert.</param>
public sealed record CalibrationPlan(ImmutableArray<int> Timesteps, int Boundary);

/// <summary>One expert.</summary>
/// <param name="Name"><c>high_noise</c> or <c>low_noise</c>.</param>
/// <param name="Directory">Folder of its weights, absolute.</param>
/// <param name="Config">Its shape.</param>
/// <param name="Timesteps">The calibration timesteps it serves, descending.</param>
/// <param name="Bins">Its bins, from the highest timestep down.</param>
/// <param name="Layers">Its quantizable layers, by block, then in the order of <see cref="WanLayers.Names"/>.</param>
/// <param name="KeptTensors">Tensors that pass through unquantized, ordinal order; includes biases and layers kept at BF16.</param>
public sealed record ExpertPlan(string Name, string Directory, WanConfig Config, ImmutableArray<int> Timesteps,
    ImmutableArray<TimestepBin> Bins, ImmutableArray<LayerPlan> Layers, ImmutableArray<string> KeptTensors);

/// <summary>A named range of timesteps of one expert.</summary>
/// <param name="Name">Its name in the manifest.</param>
/// <param name="MinTimestep">Lowest integer timestep in the bin.</param>
/// <param name="MaxTimestep">Highest integer timestep in the bin.</param>
/// <param name="Steps">Indices of the calibration steps in the bin, into <see cref="ExpertPlan.Timesteps"/>.</param>
public sealed record TimestepBin(string Name, int MinTimestep, int MaxTimestep, ImmutableArray<int> Steps);

/// <summary>One quantizable linear layer.</summary>
/// <param name="Block">Index of its block.</param>
/// <param name="Site">The activation it reads.</param>
/// <param name="Name">Full name, such as <c>blocks.3.ffn.2</c>.</param>
/// <param name="OutFeatures">Rows of its weight.</param>
/// <param name="InFeatures">Columns of its weight.</param>
/// <param name="Recipe">How it is quantized.</param>
/// <param name="Reason">Why: "default", or the overrides that decided it, for people.</param>
public sealed record LayerPlan(int Block, WanSite Site, string Name, int OutFeatures, int InFeatures, LayerRecipe Recipe, string Reason)
{
    /// <summary>Name of its weight tensor.</summary>
    public string WeightName => Name + ".weight";
}
