using QuantBuild.Compiler.Manifests;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>GPTQ's loop over the columns of a weight.</summary>
/// <remarks>
/// <para>The arithmetic, for every output row on its own: <c>z_k</c> starts as w_k, less an offset, and takes <c>z_k = fma(M_jk, e_j,
/// z_k)</c> for j = 0, 1, …, k - 1 in this order; <c>q_k</c> is z_k rounded to its group's grid; <c>e_k = w_k - q_k</c>, rounded to
/// float32.</para>
/// <para>The layout is for speed alone: output rows are columns here, so that one vector instruction serves eight of them.  Threads
/// take chunks of rows.  Within a chunk the input channels go by in blocks: all errors before the block enter by one long
/// <see cref="Gemm"/>, whose chains are exactly the prefix of the chains above, and <see cref="GptqBlock"/> finishes them.  Errors are
/// written in the panels in which Gemm reads them, and never copied.</para>
/// </remarks>
internal static unsafe class GptqSweep
{
    /// <summary>Most output rows that a thread takes at once.</summary>
    internal const int RowsAtOnce = 768;

    private const int WholeTiles = 3 * Mxfp4.BlockSize;

    /// <summary>Fills in scales, from the weight as it is, and codes.</summary>
    /// <param name="weight">W, [out, in].</param>
    /// <param name="offset">Taken from every z_k, [out, in], channels in the order of the walk; empty for none.</param>
    /// <param name="factor">M in the strict upper triangle, [in, in]; any strides.</param>
    /// <param name="split">D and the damping.</param>
    /// <param name="packed">Receives the result.</param>
    /// <param name="options">Block size, ties and exponents.</param>
    /// <param name="order">Where the channels of the factor lie in the weight; null for the same places.</param>
    /// <param name="importance">H_kk by the weight's channels, as <see cref="ExponentChoice.Of"/> takes it.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="ct">Ends the walk between blocks.</param>
    /// <returns><c>tr(E H E^T)</c> with the undamped H, summed over k within a row and over rows in ascending order.</returns>
    public static double Run(ReadOnlyMatrixView weight, ReadOnlyMatrixView offset, ReadOnlyMatrixView factor, HessianFactor split,
        PackedWeight packed,
        GptqOptions options, int[]? order, float[] importance, int threads, CancellationToken ct)
    {
        int channels = weight.Columns;

        // Codes are encoded 32 channels at a time, and 96 are whole tiles of every Gemm kernel; blocks never change a bit.
        int granule = options.BlockSize < WholeTiles ? Mxfp4.BlockSize : WholeTiles;
        int block = Math.Max(granule, Math.Min(options.BlockSize, channels + granule - 1) / granule * granule);
        var energy = new double[weight.Rows];
        fixed (float* w = weight.Data, c = offset.Data, m = factor.Data)
        {
            var pinnedWeight = new PinnedMatrix(w, weight.Rows, channels, weight.RowStride);
            var pinnedFactor = new PinnedMatrix(m, channels, channels, factor.RowStride, factor.ColumnStride);
            var pinnedOffset = new PinnedMatrix(c, offset.Rows, channels, offset.RowStride);
            int size = Workers.RangeSize(weight.Rows, threads, GptqBlock.Granule, RowsAtOnce);
            Workers.ForRanges(weight.Rows, size, threads, () => new GptqBlock(block, size, channels, options.Ties, split, order),
                (scratch, first, count) =>
            {
                scratch.Begin(first, count);
                if (options.Exponents == BlockExponents.Floor)
                    packed.ScaleRows(pinnedWeight.Slice(first, count), first);
                else
                    packed.ScaleRows(pinnedWeight.Slice(first, count), first, importance, options.Ties);
                for (int start = 0; start < channels; start += block)
                {
                    ct.ThrowIfCancellationRequested();
                    scratch.Load(pinnedWeight, pinnedOffset, packed, start, Math.Min(block, channels - start));
                    scratch.AddFinished(pinnedFactor);
                    scratch.Walk(pinnedFactor);
                    scratch.Encode(packed);
                }
                scratch.Energy.CopyTo(energy.AsSpan(first, count));
            }, ct);
        }
        double sum = 0;
        foreach (double row in energy)
            sum += row;
        return sum;
    }
}
