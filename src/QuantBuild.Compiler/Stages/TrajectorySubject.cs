using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Models;

namespace QuantBuild.Compiler.Stages;

/// <summary>A calibration sample on its way through the model.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Id">The sample's number.</param>
/// <param name="Shape">Size of the latent that is used, read when it is first asked for.</param>
internal sealed record TrajectorySubject(Plan Plan, int Id, Func<LatentShape> Shape)
{
    /// <summary>How calibration samples.</summary>
    public CalibrationSection Section => Plan.Manifest.Calibration;
}
