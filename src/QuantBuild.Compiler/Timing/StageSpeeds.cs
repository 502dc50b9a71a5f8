using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Compiler.Timing;

/// <summary>The speed of what each stage computes on.</summary>
/// <param name="Processor">That of this machine's processor.</param>
/// <param name="Model">That of the backend that runs the model; null where it is the processor's, or is not known.</param>
/// <param name="Layers">The same of layers.</param>
internal sealed record StageSpeeds(MachineSpeed Processor, MachineSpeed? Model = null, MachineSpeed? Layers = null)
{
    /// <summary>Asks the backends of a build, which start for it; one that cannot start here has no speed.</summary>
    /// <param name="processor">The processor's.</param>
    /// <param name="backends">The backends.</param>
    /// <param name="needed">The groups in which something has to be computed.</param>
    public static StageSpeeds Of(MachineSpeed processor, Backends backends, IReadOnlySet<ComputeGroup> needed)
    {
        return new StageSpeeds(processor, Of(ComputeGroup.Model, backends.Model, products => products.Model),
            Of(ComputeGroup.Layers, backends.Layers, products => products.Layers));

        MachineSpeed? Of(ComputeGroup group, IComputeBackend backend, Func<ProductSeconds, double> seconds)
        {
            try
            {
                return needed.Contains(group) && backend.Inspect(measure: true)?.Products is { } products
                    ? processor.WithProduct(seconds(products))
                    : null;
            }
            catch (DiagnosticException)
            {
                return null; // The build will say it; a plan goes on.
            }
        }
    }

    /// <summary>That of a stage on a device of a backend; null for the processor's.</summary>
    public MachineSpeed? OnDevice(Stage stage) => stage.Group switch
    {
        ComputeGroup.Model => Model,
        ComputeGroup.Layers => Layers,
        _ => null,
    };
}
