using QuantBuild.Models;

namespace QuantBuild.Compiler.Compute;

/// <summary>Where the weights of both experts stay while they run. Results are the same.</summary>
/// <param name="Storage">In memory, or in their files, from where they are brought in every pass.</param>
/// <param name="HostBytes">What the process holds of them.</param>
internal readonly record struct ModelPlacement(WeightStorage Storage, long HostBytes)
{
    /// <summary>On the processor: in memory when float32 copies of everything take a small part of the budget.</summary>
    /// <param name="elements">Elements of all weights.</param>
    /// <param name="budget">Bytes that the build may take.</param>
    public static ModelPlacement OnHost(long elements, long budget) => 4 * elements < budget / 4
        ? new ModelPlacement(WeightStorage.Resident, 4 * elements)
        : new ModelPlacement(WeightStorage.Mapped, 0);
}
