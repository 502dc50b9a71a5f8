namespace QuantBuild.Compiler.Manifests;

/// <summary>Low-rank branch, eq. (6).</summary>
/// <param name="Rank">Rank; 0 leaves the branch out.</param>
/// <param name="Method">How it is found.</param>
public sealed record LowRankRecipe(int Rank, LowRankMethod Method);
