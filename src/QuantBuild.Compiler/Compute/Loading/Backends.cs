using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute.Cpu;

namespace QuantBuild.Compiler.Compute.Loading;

/// <summary>The backends of a build, as its manifest chose them.</summary>
/// <param name="Model">That of the stages which run the model.</param>
/// <param name="Layers">That of the stages which work on one layer.</param>
internal sealed record Backends(IComputeBackend Model, IComputeBackend Layers)
{
    /// <summary>Everything on the processor.</summary>
    public static Backends Cpu { get; } = new(CpuBackend.Instance, CpuBackend.Instance);

    /// <summary>The arithmetic of the stages.</summary>
    public StageProfiles Profiles => new(Model.ProfileOf(ComputeGroup.Model), Layers.ProfileOf(ComputeGroup.Layers));
}
