using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A layer's input on its way into the main branch: u = x / s, rotated, and Q(u).</summary>
internal static unsafe class RoundedInput
{
    private const int RowsAtOnce = 32;

    /// <summary>Computes both.</summary>
    /// <param name="x">Activations as recorded, [tokens, in], row-major.</param>
    /// <param name="scale">Smoothing scale, [in]; empty for none.</param>
    /// <param name="rotation">Follows the smoothing.</param>
    /// <param name="quantizer">Q, without a threshold; null leaves u.</param>
    /// <param name="u">Receives u, [tokens, in], dense.</param>
    /// <param name="q">Receives Q(u) as it reads back, [tokens, in], dense.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="NumericException">A smoothed activation is not finite.</exception>
    public static void Of(ReadOnlyMatrixView x, float[] scale, Rotation rotation, ActivationQuantizer? quantizer, MatrixView u,
        MatrixView q, int threads)
    {
        bool finite = true;
        fixed (float* from = x.Data, input = u.Data, rounded = q.Data)
        {
            var source = new PinnedMatrix(from, x.Rows, x.Columns, x.RowStride);
            var smoothed = new PinnedMatrix(input, x.Rows, x.Columns, u.RowStride);
            var target = new PinnedMatrix(rounded, x.Rows, x.Columns, q.RowStride);
            Workers.ForRanges(x.Rows, RowsAtOnce, threads, (first, count) =>
            {
                MatrixView rows = smoothed.Slice(first, count), back = target.Slice(first, count);
                if (!Smoothing.TryApplyToActivation(source.Slice(first, count), scale, rows, 1, rotation))
                    Volatile.Write(ref finite, false);
                else if (quantizer is not null)
                    quantizer.Apply(rows, back);
                else
                    rows.Data[..(count * rows.Columns)].CopyTo(back.Data);
            });
        }
        // Once more, to name the first place of all.
        if (!finite)
            Smoothing.ApplyToActivation(x, scale, u, 1, rotation);
    }
}
