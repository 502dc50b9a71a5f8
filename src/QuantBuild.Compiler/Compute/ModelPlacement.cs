using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Compute;

/// <summary>Where the weights of both experts stay while they run. Results are the same.</summary>
/// <param name="Storage">In memory, or in their files, from where they are brought in every pass.</param>
/// <param name="HostBytes">What the process holds of them.</param>
/// <param name="OneAtATime">Whether there is room for one of them, and who needs the other one waits until nobody uses it.</param>
internal readonly record struct ModelPlacement(WeightStorage Storage, long HostBytes, bool OneAtATime = false)
{
    /// <summary>On the processor: in memory when float32 copies of everything take a small part of the budget.</summary>
    /// <param name="weights">Elements of the weights.</param>
    /// <param name="budget">Bytes that the build may take.</param>
    public static ModelPlacement OnHost(ModelElements weights, long budget) => 4 * weights.Both < budget / 4
        ? new ModelPlacement(WeightStorage.Resident, 4 * weights.Both)
        : new ModelPlacement(WeightStorage.Mapped, 0);
}

/// <summary>Elements of a model's weights.</summary>
/// <param name="Both">Those of both experts.</param>
/// <param name="Larger">Those of the larger one.</param>
internal readonly record struct ModelElements(long Both, long Larger)
{
    /// <summary>Those of experts by their shapes.</summary>
    public static ModelElements Of(IEnumerable<WanConfig> experts)
    {
        long[] elements = [.. experts.Select(config => WanTensors.ExpectedShapes(config).Values
            .Sum(shape => shape.Aggregate(1L, (product, size) => product * size)))];
        return new ModelElements(elements.Sum(), elements.Max());
    }
}
