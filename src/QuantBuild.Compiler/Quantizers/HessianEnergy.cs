using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary><c>tr(V H V^T)</c>: the energy of <c>X V^T</c> when H = X^T X.</summary>
/// <remarks>
/// H is symmetric and only its lower triangle is read: for every block of columns J, <c>V H V^T</c> gets
/// <c>2 &lt;V_below H_below,J , V_J&gt;</c> and the diagonal block's part, half the work of a full product.  Products are float32
/// (<see cref="Gemm"/>), inner products double (<see cref="FixedSums"/>); rows are summed in ascending order.
/// </remarks>
internal static unsafe class HessianEnergy
{
    private const int RowsAtOnce = 256;
    private const int ColumnsAtOnce = 256;

    /// <summary>The energy of a weight, [out, in].</summary>
    public static double Of(ReadOnlyMatrixView weight, ReadOnlyMatrixView hessian, int threads, CancellationToken ct = default) =>
        Measure(weight, null, hessian, threads, ct);

    /// <summary>The energy of <c>weight - rounded</c>.</summary>
    public static double OfError(ReadOnlyMatrixView weight, PackedWeight rounded, ReadOnlyMatrixView hessian, int threads,
        CancellationToken ct = default) =>
        Measure(weight, rounded, hessian, threads, ct);

    /// <summary>
    /// <c>sum_k H_kk ||w_k||²</c>, the part of the energy that the diagonal makes: rows by <see cref="FixedSums"/>, in ascending order.
    /// </summary>
    public static double OfDiagonal(ReadOnlyMatrixView weight, ReadOnlyMatrixView hessian, int threads, CancellationToken ct = default)
    {
        var diagonal = new float[hessian.Rows];
        for (int k = 0; k < diagonal.Length; k++)
            diagonal[k] = hessian[k, k];
        var energy = new double[weight.Rows];
        fixed (float* w = weight.Data)
        {
            var pinned = new PinnedMatrix(w, weight.Rows, weight.Columns, weight.RowStride);
            Workers.ForRanges(weight.Rows, Workers.RangeSize(weight.Rows, threads, 1, RowsAtOnce), threads, (first, count) =>
            {
                for (int row = first; row < first + count; row++)
                    energy[row] = FixedSums.WeightedSquares(pinned.Row(row), diagonal);
            }, ct);
        }
        return Sum(energy);
    }

    private static double Measure(ReadOnlyMatrixView weight, PackedWeight? rounded, ReadOnlyMatrixView hessian, int threads,
        CancellationToken ct)
    {
        int channels = weight.Columns;
        var energy = new double[weight.Rows];
        fixed (float* w = weight.Data, h = hessian.Data)
        {
            var pinnedWeight = new PinnedMatrix(w, weight.Rows, channels, weight.RowStride);
            var pinnedHessian = new PinnedMatrix(h, channels, channels, hessian.RowStride);
            int size = Workers.RangeSize(weight.Rows, threads, 16, RowsAtOnce);
            Workers.ForRanges(weight.Rows, size, threads, () => new float[size * channels], (values, first, count) =>
            {
                var v = new MatrixView(values.AsSpan(0, count * channels), count, channels);
                if (rounded is null)
                    v.Data.Clear();
                else
                    rounded.Dequantize(first, v);
                for (int row = 0; row < count; row++)
                    Subtract(pinnedWeight.Row(first + row), Rows.Of(v, row));
                AddRows(v, pinnedHessian, energy.AsSpan(first, count), ct);
            }, ct);
        }
        return Sum(energy);
    }

    private static double Sum(double[] rows)
    {
        double sum = 0;
        foreach (double row in rows)
            sum += row;
        return sum;
    }

    /// <summary>v = w - v.</summary>
    private static void Subtract(ReadOnlySpan<float> w, Span<float> v)
    {
        for (int i = 0; i < v.Length; i++)
            v[i] = w[i] - v[i];
    }

    private static void AddRows(MatrixView v, PinnedMatrix hessian, Span<double> energy, CancellationToken ct)
    {
        int channels = v.Columns;
        var product = new float[v.Rows * ColumnsAtOnce];
        var diagonal = new float[ColumnsAtOnce * ColumnsAtOnce];
        for (int column = 0; column < channels; column += ColumnsAtOnce)
        {
            ct.ThrowIfCancellationRequested();
            int count = Math.Min(ColumnsAtOnce, channels - column), below = column + count;
            var p = new MatrixView(product.AsSpan(0, v.Rows * count), v.Rows, count);
            ReadOnlyMatrixView block = Mirror(hessian.View(column, column, count, count), diagonal);
            Gemm.Multiply(v.Slice(0, column, v.Rows, count), block, p, ct: ct);
            for (int row = 0; row < v.Rows; row++)
                energy[row] += FixedSums.Dot(Rows.Of(p, row), Rows.Of(v, row).Slice(column, count));
            if (below == channels)
                break;
            Gemm.Multiply(v.Slice(0, below, v.Rows, channels - below), hessian.View(below, column, channels - below, count), p, ct: ct);
            for (int row = 0; row < v.Rows; row++)
                energy[row] += 2 * FixedSums.Dot(Rows.Of(p, row), Rows.Of(v, row).Slice(column, count));
        }
    }

    /// <summary>A symmetric block from its lower triangle.</summary>
    private static ReadOnlyMatrixView Mirror(ReadOnlyMatrixView lower, float[] full)
    {
        int n = lower.Rows;
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
                full[(i * n) + j] = full[(j * n) + i] = lower[i, j];
        }
        return new ReadOnlyMatrixView(full.AsSpan(0, n * n), n, n);
    }
}
