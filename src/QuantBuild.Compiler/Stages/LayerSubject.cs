using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Planning;

namespace QuantBuild.Compiler.Stages;

/// <summary>What an action of a layer is about.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Expert">The layer's expert.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Bin">The bin, of stages with an action per bin.</param>
internal sealed record LayerSubject(Plan Plan, ExpertPlan Expert, LayerPlan Layer, TimestepBin? Bin = null)
{
    /// <summary>Tokens that calibration records per step, over all samples.</summary>
    public double TokensPerStep => Plan.Manifest.Calibration.Samples * (double)Plan.Manifest.Calibration.TokensPerStep;

    /// <summary>Tokens that calibration records for the expert.</summary>
    public double Tokens => Expert.Timesteps.Length * TokensPerStep;

    /// <summary>The memory that a step of the layer takes in the arithmetic that the plan chose.</summary>
    /// <param name="step">The step.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    public ResourceNeed Need(LayerStep step, int threads) =>
        Plan.Backends.Layers.NeedOf(step, Layer.Spec, (long)(Bin is null ? Tokens : Bin.Steps.Length * TokensPerStep), threads);
}
