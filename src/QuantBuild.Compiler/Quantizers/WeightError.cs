using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>What a rounded weight leaves of a weight when its input comes with a gain per channel.</summary>
internal static unsafe class WeightError
{
    private const int RowsAtOnce = 64;

    /// <summary><c>E = W - Q G</c>, each element <c>w - (q g)</c>.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="rounded">Q.</param>
    /// <param name="gain">G, [in].</param>
    /// <param name="error">Receives E, [out, in], row-major.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    public static void Of(ReadOnlyMatrixView weight, PackedWeight rounded, float[] gain, MatrixView error, int threads)
    {
        fixed (float* w = weight.Data, e = error.Data)
        {
            var source = new PinnedMatrix(w, weight.Rows, weight.Columns, weight.RowStride);
            var target = new PinnedMatrix(e, weight.Rows, weight.Columns, error.RowStride);
            Workers.ForRanges(weight.Rows, RowsAtOnce, threads, (first, count) =>
            {
                rounded.Dequantize(first, target.Slice(first, count));
                for (int row = first; row < first + count; row++)
                {
                    ReadOnlySpan<float> values = source.Row(row);
                    Span<float> errors = target.Row(row);
                    for (int i = 0; i < errors.Length; i++)
                        errors[i] = values[i] - (errors[i] * gain[i]);
                }
            });
        }
    }
}
