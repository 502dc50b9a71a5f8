using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Round-to-nearest: every weight on its own, scales by the floor rule.</summary>
internal static unsafe class RoundToNearest
{
    private const int RowsAtOnce = 64;

    /// <summary>Rounds a weight.</summary>
    /// <param name="weight">Weight, [out, in], row-major.</param>
    /// <param name="ties">How exact midpoints round.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <returns>The rounded weight, with an outcome that says nothing but that no factorization was tried.</returns>
    /// <exception cref="NumericException">The weight has a value that is not finite.</exception>
    public static GptqResult Quantize(ReadOnlyMatrixView weight, TieRule ties, int threads = 1)
    {
        FiniteValues.Check("residual weight", weight);
        return new GptqResult(Round(weight, ties, threads), new GptqOutcome(0, 0, FellBack: false, 0, null, null));
    }

    internal static PackedWeight Round(ReadOnlyMatrixView weight, TieRule ties, int threads)
    {
        PackedWeight packed = PackedWeight.Empty(weight.Rows, weight.Columns);
        int codeBytes = Mxfp4.CodeBytes(weight.Columns), blocks = Mxfp4.Blocks(weight.Columns);
        fixed (float* data = weight.Data)
        {
            var pinned = new PinnedMatrix(data, weight.Rows, weight.Columns, weight.RowStride);
            Workers.ForRanges(weight.Rows, RowsAtOnce, threads, (first, count) =>
                Mxfp4.Quantize(pinned.Slice(first, count), ScaleRule.Floor, ties,
                    packed.Codes.AsSpan(first * codeBytes, count * codeBytes), packed.Scales.AsSpan(first * blocks, count * blocks)));
        }
        return packed;
    }
}
