using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Compute;

/// <summary>A backend's steps for one layer; it may keep what the next step can use. Used by one caller at a time.</summary>
/// <remarks>
/// Every step reads what it needs from <see cref="ILayerData"/>, and its result is a function of that: not of the number of threads, and
/// not of steps that ran before on the same object.
/// </remarks>
internal interface ILayerCompute : IDisposable
{
    /// <summary>The errors with and without a rotation, as <see cref="RotationChoice"/> measures them.</summary>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <param name="threads">Threads of the process to use.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    RotationErrors Rotate(IReadOnlyCollection<int> steps, int threads, CancellationToken ct);

    /// <summary>
    /// The squared output error by the rank of the branch, at <see cref="LayerSpec.CurveRanks"/>: the first branch of the largest rank, of
    /// which lower ranks are the beginning, and for each rank one rounding of a refit.
    /// </summary>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <param name="threads">Threads of the process to use.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>As many points as ranks; none when no damping helps or feedback overflows.</returns>
    /// <exception cref="NumericException">A value is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    ImmutableArray<RankCurve.Point> Curve(IReadOnlyCollection<int> steps, int threads, CancellationToken ct);

    /// <summary>The low-rank branch of the smoothed weight, eq. (6), as the recipe's <see cref="LayerRecipe.LowRank"/> says.</summary>
    /// <param name="threads">Threads of the process to use.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    LowRankBranch LowRank(int threads, CancellationToken ct);

    /// <summary>
    /// The residual weight in MXFP4, as the recipe's <see cref="LayerRecipe.Weights"/> says; by <see cref="WeightMethod.Refit"/> with the
    /// branch that belongs to it.
    /// </summary>
    /// <param name="steps">The steps whose tokens make the Hessian, ascending; round to nearest does not read them.</param>
    /// <param name="threads">Threads of the process to use.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    GptqResult Round(IReadOnlyCollection<int> steps, int threads, CancellationToken ct);

    /// <summary>The search for the clip setting of a bin, eq. (10).</summary>
    /// <param name="recipe">Candidates, granularity, objective and ties.</param>
    /// <param name="steps">The bin's steps, ascending.</param>
    /// <param name="threads">Threads of the process to use.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    ClipResult Clip(ActivationRecipe recipe, IReadOnlyCollection<int> steps, int threads, CancellationToken ct);

    /// <summary>Output errors of a bin, eq. (11), of every compared method.</summary>
    /// <param name="clip">The bin's clip setting; null for a recipe that leaves activations alone.</param>
    /// <param name="steps">The bin's steps, ascending.</param>
    /// <param name="threads">Threads of the process to use.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    LadderErrors Measure(ClipSetting? clip, IReadOnlyCollection<int> steps, int threads, CancellationToken ct);
}
