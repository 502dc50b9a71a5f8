using System.Numerics;
using System.Runtime.CompilerServices;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>The search for a layer's clip ratio in one bin, eq. (8)-(10) of the paper.</summary>
/// <remarks>
/// The low-rank branch and the bias are the same on both sides of eq. (10) and cancel, so that a candidate's error is
/// <c>||X R^T - Q(X) Rq^T||²</c> with the residual weight R and its rounded form Rq; the published code's objective replaces R by Rq,
/// which is <c>||(X - Q(X)) Rq^T||²</c>.
/// <para>From one candidate to the next most blocks of most tokens round to the same values, so that only the first candidate costs a
/// product; <see cref="ClipErrors"/> walks through the others by their differences.</para>
/// </remarks>
internal sealed class ClipSearch
{
    /// <summary>Tokens that <see cref="Add"/> takes at a time: portions of this many, or a multiple of it, but for the last.</summary>
    public const int TokensAtOnce = ClipErrors.TokensAtOnce;

    private const int RowsAtOnce = 64;

    private readonly ClipGrid _grid;
    private readonly ClipErrors _errors;
    private readonly int _threads;

    /// <summary>Begins a search whose tokens come in portions.</summary>
    /// <param name="rounded">Rq: the residual in 4 bits.</param>
    /// <param name="recipe">Candidates, granularity, objective and ties.</param>
    /// <param name="magnitude">
    /// m of eq. (8), the largest <see cref="Magnitude"/> of all portions; matters under bin granularity only.
    /// </param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the search between blocks; it is of no more use then.</param>
    public ClipSearch(PackedWeight rounded, ActivationRecipe recipe, float magnitude, int threads = 1, CancellationToken ct = default)
    {
        _threads = threads;
        _grid = new ClipGrid(recipe, magnitude);
        _errors = new ClipErrors(rounded, _grid.Quantizers, recipe.Objective, threads, ct);
    }

    /// <summary>Measures every candidate on tokens that are all in memory, and chooses.</summary>
    /// <param name="x">The bin's tokens after smoothing, X / s, [tokens, in], row-major.</param>
    /// <param name="residual">R: the smoothed weight without the low-rank branch, [out, in], row-major.</param>
    /// <param name="rounded">Rq: the residual in 4 bits.</param>
    /// <param name="recipe">Candidates, granularity, objective and ties.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <returns>What <see cref="Finish"/> returns.</returns>
    /// <exception cref="NumericException">An activation or an error is not finite.</exception>
    public static ClipResult Search(ReadOnlyMatrixView x, ReadOnlyMatrixView residual, PackedWeight rounded, ActivationRecipe recipe,
        int threads = 1)
    {
        var search = new ClipSearch(rounded, recipe, Magnitude(x, threads), threads);
        search.Add(x, residual);
        return search.Finish();
    }

    /// <summary>The largest magnitude of some tokens.</summary>
    /// <param name="x">The tokens, row-major.</param>
    /// <param name="threads">Threads to use.</param>
    public static unsafe float Magnitude(ReadOnlyMatrixView x, int threads = 1)
    {
        Rows.RequireAdjacentColumns(x);
        var rows = new float[x.Rows];
        fixed (float* data = x.Data)
        {
            var tokens = new PinnedMatrix(data, x.Rows, x.Columns, x.RowStride);
            Workers.ForRanges(x.Rows, RowsAtOnce, threads, (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                    rows[row] = Largest(tokens.Row(row));
            });
        }
        return Largest(rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Largest(ReadOnlySpan<float> values)
    {
        var most = Vector<float>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            most = Vector.Max(most, Vector.Abs(new Vector<float>(values[i..])));
        float magnitude = 0;
        for (int lane = 0; lane < Vector<float>.Count; lane++)
            magnitude = Math.Max(magnitude, most[lane]);
        for (; i < values.Length; i++)
            magnitude = Math.Max(magnitude, Math.Abs(values[i]));
        return magnitude;
    }

    /// <summary>Measures every candidate on more tokens of the bin.</summary>
    /// <param name="x">Tokens after smoothing, X / s, [tokens, in], row-major; as many as <see cref="TokensAtOnce"/> says.</param>
    /// <param name="residual">R: the smoothed weight without the low-rank branch, [out, in], row-major; the same every time.</param>
    /// <exception cref="NumericException">An activation is not finite.</exception>
    /// <exception cref="OperationCanceledException">The search was cancelled.</exception>
    public void Add(ReadOnlyMatrixView x, ReadOnlyMatrixView residual)
    {
        FiniteValues.Check(NumericException.Activation, x, _threads);
        _errors.Add(x, residual);
    }

    /// <summary>Chooses.</summary>
    /// <returns>
    /// All errors and the choice: the least error; among equals the ratio nearest to 1, then the offset nearest to 0, then the first.
    /// </returns>
    /// <exception cref="NumericException">An error is not finite.</exception>
    public ClipResult Finish() => _grid.Choose(_errors.Finish());
}
