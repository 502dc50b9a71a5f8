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

    /// <summary>
    /// Called before an action is executed: who runs the model will also work on layers, so that days of calibration do not end in the
    /// news that a library is missing.
    /// </summary>
    /// <param name="group">The action's.</param>
    /// <param name="action">The action, for the message.</param>
    /// <exception cref="Diagnostics.DiagnosticException">A backend cannot compute on this machine.</exception>
    public void Start(ComputeGroup group, string action)
    {
        if (group == ComputeGroup.Model)
            Model.Start(action);
        if (group != ComputeGroup.Fixed)
            Layers.Start(action);
    }
}
