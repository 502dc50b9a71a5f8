using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Kernels;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The search for a layer's clip ratio in one bin, eq. (8)-(10) of the paper.</summary>
/// <remarks>
/// The low-rank branch and the bias are the same on both sides of eq. (10) and cancel, so that a candidate's error is
/// <c>||X R^T - Q(X) Rq^T||²</c> with the residual weight R and its rounded form Rq; the published code's objective replaces R by Rq,
/// which is <c>||(X - Q(X)) Rq^T||²</c>.
/// </remarks>
public static class ClipSearch
{
    /// <summary>Tokens whose outputs are held at once; it bounds memory and never changes a bit.</summary>
    internal const int TokensAtOnce = 512;

    /// <summary>Measures every candidate and chooses.</summary>
    /// <param name="x">The bin's tokens after smoothing, X / s, [tokens, in], row-major.</param>
    /// <param name="residual">R: the smoothed weight without the low-rank branch, [out, in], row-major.</param>
    /// <param name="rounded">Rq: the residual as its 4-bit form reads back, [out, in], row-major.</param>
    /// <param name="recipe">Candidates, granularity, objective and ties.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <returns>
    /// All errors and the choice: the least error; among equals the ratio nearest to 1, then the offset nearest to 0, then the first.
    /// </returns>
    /// <exception cref="NumericException">An activation or an error is not finite.</exception>
    public static ClipResult Search(ReadOnlyMatrixView x, ReadOnlyMatrixView residual, ReadOnlyMatrixView rounded, ActivationRecipe recipe, int threads = 1)
    {
        if (residual.Columns != x.Columns || rounded.Columns != x.Columns || residual.Rows != rounded.Rows)
            throw new ArgumentException($"{residual.Rows} x {residual.Columns} and {rounded.Rows} x {rounded.Columns} weights do not fit {x.Columns} channels");
        if (recipe.ClipRatios.IsDefaultOrEmpty || recipe.ExponentOffsets.IsDefaultOrEmpty)
            throw new ArgumentException("there is no candidate to choose from", nameof(recipe));
        Finite.Check(NumericException.Activation, x);

        float magnitude = Magnitude(x);
        ImmutableArray<(double Ratio, int Offset)> grid = [.. recipe.ClipRatios.SelectMany(_ => recipe.ExponentOffsets, (ratio, offset) => (ratio, offset))];
        ImmutableArray<ActivationQuantizer> quantizers = [.. grid.Select(c => Quantizer(c.Ratio, c.Offset, magnitude, recipe))];
        double[] errors = Errors(x, residual, rounded, quantizers, recipe.Objective, threads);

        ImmutableArray<ClipCandidate> candidates = [.. grid.Zip(errors, (c, error) => new ClipCandidate(c.Ratio, c.Offset, error))];
        int chosen = Enumerable.Range(0, candidates.Length)
            .OrderBy(i => candidates[i].Error)
            .ThenBy(i => Math.Abs(candidates[i].Ratio - 1))
            .ThenBy(i => Math.Abs(candidates[i].ExponentOffset))
            .First();
        return new ClipResult(candidates, chosen, magnitude, quantizers[chosen]);
    }

    private static ActivationQuantizer Quantizer(double ratio, int offset, float magnitude, ActivationRecipe recipe) =>
        recipe.Granularity == ClipGranularity.Bin
            ? new ActivationQuantizer(1, offset, (float)ratio * magnitude, recipe.Ties)
            : new ActivationQuantizer((float)ratio, offset, float.PositiveInfinity, recipe.Ties);

    private static double[] Errors(ReadOnlyMatrixView x, ReadOnlyMatrixView residual, ReadOnlyMatrixView rounded,
        ImmutableArray<ActivationQuantizer> quantizers, ClipObjective objective, int threads)
    {
        var errors = new double[quantizers.Length];
        int most = Math.Min(TokensAtOnce, x.Rows);
        var inputs = new float[most * x.Columns];
        var references = new float[objective == ClipObjective.Output ? most * residual.Rows : 0];
        var differences = new float[most * residual.Rows];
        for (int first = 0; first < x.Rows; first += TokensAtOnce)
        {
            int count = Math.Min(TokensAtOnce, x.Rows - first);
            ReadOnlyMatrixView tokens = x.Slice(first, 0, count, x.Columns);
            var input = new MatrixView(inputs.AsSpan(0, count * x.Columns), count, x.Columns);
            var difference = new MatrixView(differences.AsSpan(0, count * residual.Rows), count, residual.Rows);
            if (objective == ClipObjective.Output)
                Gemm.Multiply(tokens, residual.Transposed, new MatrixView(references.AsSpan(0, difference.Data.Length), count, residual.Rows), GemmMode.Overwrite, threads);
            for (int candidate = 0; candidate < errors.Length; candidate++)
            {
                quantizers[candidate].Apply(tokens, input);
                if (objective == ClipObjective.Output)
                {
                    references.AsSpan(0, difference.Data.Length).CopyTo(difference.Data);
                    Gemm.Multiply(input, rounded.Transposed, difference, GemmMode.Subtract, threads);
                }
                else
                {
                    SubtractFrom(tokens, input);
                    Gemm.Multiply(input, rounded.Transposed, difference, GemmMode.Overwrite, threads);
                }
                for (int row = 0; row < count; row++)
                    errors[candidate] += FixedSums.SquaredNorm(Rows.Of(difference, row));
            }
        }
        for (int candidate = 0; candidate < errors.Length; candidate++)
        {
            if (!double.IsFinite(errors[candidate]))
                throw new NumericException("clip error", $"candidate {candidate}", (float)errors[candidate]);
        }
        return errors;
    }

    /// <summary>q = x - q.</summary>
    private static void SubtractFrom(ReadOnlyMatrixView x, MatrixView q)
    {
        for (int row = 0; row < q.Rows; row++)
        {
            ReadOnlySpan<float> source = Rows.Of(x, row);
            Span<float> values = Rows.Of(q, row);
            for (int i = 0; i < values.Length; i++)
                values[i] = source[i] - values[i];
        }
    }

    private static float Magnitude(ReadOnlyMatrixView x)
    {
        float magnitude = 0;
        for (int row = 0; row < x.Rows; row++)
        {
            foreach (float value in Rows.Of(x, row))
                magnitude = Math.Max(magnitude, Math.Abs(value));
        }
        return magnitude;
    }
}
