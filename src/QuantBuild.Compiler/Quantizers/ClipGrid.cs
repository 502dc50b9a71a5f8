using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The candidates of a clip search, eq. (10), and the choice among them.</summary>
internal sealed class ClipGrid
{
    private readonly ImmutableArray<(double Ratio, int Offset)> _grid;
    private readonly float _magnitude;

    /// <summary>Lists the candidates.</summary>
    /// <param name="recipe">Ratios, offsets, granularity and ties.</param>
    /// <param name="magnitude">m of eq. (8): the largest magnitude of the tokens; matters under bin granularity only.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public ClipGrid(ActivationRecipe recipe, float magnitude)
    {
        if (recipe.ClipRatios.IsDefaultOrEmpty || recipe.ExponentOffsets.IsDefaultOrEmpty)
            throw new ArgumentException("there is no candidate to choose from", nameof(recipe));
        _magnitude = magnitude;
        _grid = [.. recipe.ClipRatios.SelectMany(_ => recipe.ExponentOffsets, (ratio, offset) => (ratio, offset))];
        Quantizers = [.. _grid.Select(c => new ActivationQuantizer(new ClipSetting((float)c.Ratio, c.Offset,
            recipe.Granularity == ClipGranularity.Bin ? (float)c.Ratio * magnitude : null), recipe.Ties))];
    }

    /// <summary>The candidates: ratios in the recipe's order, and for each ratio the offsets in theirs.</summary>
    public ImmutableArray<ActivationQuantizer> Quantizers { get; }

    /// <summary>Chooses the least error; among equals the ratio nearest to 1, then the offset nearest to 0, then the first.</summary>
    /// <param name="errors">Every candidate's.</param>
    public ClipResult Choose(IReadOnlyList<double> errors)
    {
        ImmutableArray<ClipCandidate> candidates =
            [.. _grid.Zip(errors, (c, error) => new ClipCandidate(c.Ratio, c.Offset, error))];
        int chosen = Enumerable.Range(0, candidates.Length)
            .OrderBy(i => candidates[i].Error)
            .ThenBy(i => Math.Abs(candidates[i].Ratio - 1))
            .ThenBy(i => Math.Abs(candidates[i].ExponentOffset))
            .First();
        return new ClipResult(candidates, chosen, _magnitude, Quantizers[chosen]);
    }
}
