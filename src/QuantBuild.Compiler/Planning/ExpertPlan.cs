using System.Collections.Immutable;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Planning;

/// <summary>One expert.</summary>
/// <param name="Name"><c>high_noise</c> or <c>low_noise</c>.</param>
/// <param name="Directory">Folder of its weights, absolute.</param>
/// <param name="Config">Its shape.</param>
/// <param name="Timesteps">The calibration timesteps it serves, descending.</param>
/// <param name="Bins">Its bins, from the highest timestep down.</param>
/// <param name="Layers">Its quantizable layers, by block, then in the order of <see cref="WanLayers.Names"/>.</param>
/// <param name="KeptTensors">Tensors that pass through unquantized, ordinal order; includes biases and layers kept at BF16.</param>
internal sealed record ExpertPlan(string Name, string Directory, WanConfig Config, ImmutableArray<int> Timesteps,
    ImmutableArray<TimestepBin> Bins, ImmutableArray<LayerPlan> Layers, ImmutableArray<string> KeptTensors)
{
    /// <summary>Its only file, absolute, when the manifest names one; null when the folder has its weights.</summary>
    public string? File { get; init; }

    /// <summary>LoRA files that are merged into it, in order.</summary>
    internal ImmutableArray<LoraReference> Loras { get; init; } = [];

    /// <summary>Where its weights are: the file, or the folder.</summary>
    public string Location => File ?? Directory;
}
