namespace QuantBuild.Compiler.Manifests;

/// <summary>Low-rank branch, eq. (6).</summary>
/// <param name="Rank">Rank; 0 leaves the branch out.</param>
/// <param name="Method">How it is found.</param>
/// <param name="Accuracy">
/// How far the norm of what is left may lie above the smallest possible, as a part of it (randomized method).
/// </param>
internal sealed record LowRankRecipe(int Rank, LowRankMethod Method, double Accuracy = LowRankRecipe.DefaultAccuracy)
{
    /// <summary>Well below what rounding the factors to bfloat16 costs.</summary>
    public const double DefaultAccuracy = 1e-3;
}
