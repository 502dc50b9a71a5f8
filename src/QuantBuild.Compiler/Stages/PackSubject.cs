using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>An expert whose artifact files are written.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Source">The expert's checkpoint.</param>
internal sealed record PackSubject(Plan Plan, ExpertSource Source)
{
    /// <summary>What the manifest says about the artifact.</summary>
    public OutputSection Output => Plan.Manifest.Output;
}
