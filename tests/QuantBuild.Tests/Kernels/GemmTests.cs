using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public sealed class GemmTests
{
    private static readonly int[] Small = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 15, 16, 17, 31, 32, 33];
    private static readonly int[] Depths = [0, 1, 2, 3, 4, 5, 16, 19];
    private static readonly int[] Large = [95, 96, 97, 255, 256, 257, 767, 768, 769, 1535, 1536, 1537, 1600];
    private static readonly Layout[] Layouts = Enum.GetValues<Layout>();

    private static IEnumerable<GemmPath> Paths => Enum.GetValues<GemmPath>().Where(path => path <= Gemm.Fastest);

    /// <summary>The specification, word for word.</summary>
    private static void Specification(ReadOnlyMatrixView a, ReadOnlyMatrixView b, MatrixView c, GemmMode mode)
    {
        for (int i = 0; i < c.Rows; i++)
        {
            for (int j = 0; j < c.Columns; j++)
            {
                float acc = mode == GemmMode.Overwrite ? 0 : c[i, j];
                for (int k = 0; k < a.Columns; k++)
                    acc = MathF.FusedMultiplyAdd(mode == GemmMode.Subtract ? -a[i, k] : a[i, k], b[k, j], acc);
                c[i, j] = acc;
            }
        }
    }

    private static void AssertAllPathsFollowTheSpecification(TestMatrix a, TestMatrix b, TestMatrix c, GemmMode mode, int threads = 1)
    {
        TestMatrix expected = c.Copy();
        Specification(a.View, b.View, expected.View, mode);
        foreach (GemmPath path in Paths)
        {
            TestMatrix actual = c.Copy();

            Gemm.Multiply(path, a.View, b.View, actual.View, mode, threads);

            TestMatrix.AssertSameBits(
                expected.Storage, actual.Storage, $"{path} {mode} {a.View.Rows}x{a.View.Columns}x{b.View.Columns} on {threads} threads");
        }
    }

    [Theory, InlineData(GemmMode.Overwrite), InlineData(GemmMode.Add), InlineData(GemmMode.Subtract)]
    internal void Every_path_follows_the_chain_at_every_tile_boundary(GemmMode mode)
    {
        foreach (int m in Small)
        {
            foreach (int n in Small)
            {
                int k = Depths[(m + n) % Depths.Length];
                AssertAllPathsFollowTheSpecification(
                    new(m, k, Layout.RowMajor, 1), new(k, n, Layout.RowMajor, 2), new(m, n, Layout.RowMajor, 3), mode);
            }
        }
    }

    [Theory, InlineData(GemmMode.Overwrite), InlineData(GemmMode.Add), InlineData(GemmMode.Subtract)]
    internal void Every_path_follows_the_chain_at_every_depth(GemmMode mode)
    {
        foreach (int k in Depths.Concat(Small).Concat(Large))
        {
            AssertAllPathsFollowTheSpecification(
                new(13, k, Layout.RowMajor, 4), new(k, 35, Layout.Transposed, 5), new(13, 35, Layout.PaddedRows, 6), mode);
        }
    }

    [Theory, InlineData(GemmMode.Overwrite), InlineData(GemmMode.Add), InlineData(GemmMode.Subtract)]
    internal void A_right_factor_in_panels_gives_the_same_bits(GemmMode mode)
    {
        foreach ((int m, int k, int n) in new[] { (1, 1, 1), (13, 40, 31), (96, 800, 64), (100, 3, 33), (7, 0, 40), (25, 19, 1600) })
        {
            TestMatrix a = new(m, k, Layout.Transposed, 30), b = new(k, n, Layout.RowMajor, 31),
                expected = new(m, n, Layout.PaddedRows, 32);
            int stride = (k * PanelMatrixView.Width) + 16, panels = (n + PanelMatrixView.Width - 1) / PanelMatrixView.Width;
            var data = new float[panels * stride];
            for (int row = 0; row < k; row++)
            {
                for (int column = 0; column < n; column++)
                    data[(column / PanelMatrixView.Width * stride) + (row * PanelMatrixView.Width) + (column % PanelMatrixView.Width)] =
                        b.View[row, column];
            }
            TestMatrix before = expected.Copy();
            Specification(a.View, b.View, expected.View, mode);
            foreach (GemmPath path in Paths)
            {
                TestMatrix actual = before.Copy();

                Gemm.MultiplyPanels(path, a.View, new PanelMatrixView(data, k, n, stride), actual.View, mode);

                TestMatrix.AssertSameBits(expected.Storage, actual.Storage, $"{path} {mode} {m}x{k}x{n}");
            }
        }
    }

    [Fact]
    public void Every_path_follows_the_chain_across_cache_blocks_of_rows_and_columns()
    {
        foreach (int size in Large)
        {
            AssertAllPathsFollowTheSpecification(
                new(size, 9, Layout.Transposed, 7), new(9, 14, Layout.RowMajor, 8), new(size, 14, Layout.RowMajor, 9), GemmMode.Add);
            AssertAllPathsFollowTheSpecification(
                new(14, 9, Layout.RowMajor, 7), new(9, size, Layout.Transposed, 8), new(14, size, Layout.RowMajor, 9), GemmMode.Add);
        }
        AssertAllPathsFollowTheSpecification(
            new(99, 800, Layout.RowMajor, 7), new(800, 70, Layout.Transposed, 8), new(99, 70, Layout.Transposed, 9), GemmMode.Subtract);
    }

    [Theory, InlineData(GemmMode.Overwrite), InlineData(GemmMode.Add), InlineData(GemmMode.Subtract)]
    internal void Every_combination_of_layouts_gives_the_chain_and_leaves_the_gaps_alone(GemmMode mode)
    {
        foreach (Layout a in Layouts)
        {
            foreach (Layout b in Layouts)
            {
                foreach (Layout c in Layouts)
                    AssertAllPathsFollowTheSpecification(new(27, 21, a, 10), new(21, 45, b, 11), new(27, 45, c, 12), mode);
            }
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(7)]
    public void The_number_of_threads_changes_no_bit(int threads)
    {
        AssertAllPathsFollowTheSpecification(
            new(211, 67, Layout.RowMajor, 13), new(67, 303, Layout.Transposed, 14), new(211, 303, Layout.RowMajor, 15), GemmMode.Subtract,
                threads);
        AssertAllPathsFollowTheSpecification(
            new(3, 2100, Layout.RowMajor, 13), new(2100, 701, Layout.RowMajor, 14), new(3, 701, Layout.Transposed, 15), GemmMode.Add,
                threads);
    }

    [Theory, InlineData(2), InlineData(3)]
    public void Threads_that_share_packed_blocks_change_no_bit(int threads)
    {
        // Two blocks of columns, two of the depth, and a remainder in every direction.
        TestMatrix a = new(401, 790, Layout.RowMajor, 40), b = new(790, 1555, Layout.Transposed, 41),
            c = new(401, 1555, Layout.PaddedRows, 42);
        foreach (GemmPath path in Paths)
        {
            TestMatrix expected = c.Copy(), actual = c.Copy();
            Gemm.Multiply(path, a.View, b.View, expected.View, GemmMode.Subtract, threads: 1);

            Gemm.Multiply(path, a.View, b.View, actual.View, GemmMode.Subtract, threads);

            TestMatrix.AssertSameBits(expected.Storage, actual.Storage, $"{path} on {threads} threads");
        }
    }

    [Fact]
    public void Threads_that_share_packed_blocks_continue_chains_over_every_block_of_the_depth()
    {
        TestMatrix a = new(256, 2310, Layout.Transposed, 45), b = new(2310, 40, Layout.RowMajor, 46);
        foreach (Layout layout in new[] { Layout.RowMajor, Layout.Transposed })
        {
            foreach (GemmMode mode in Enum.GetValues<GemmMode>())
                AssertAllPathsFollowTheSpecification(a, b, new(256, 40, layout, 47), mode, threads: 2);
        }
    }

    [Fact]
    public void Any_number_of_threads_may_be_allowed()
    {
        TestMatrix a = new(300, 300, Layout.RowMajor, 48), expected = new(300, 300, Layout.RowMajor, 49), actual = expected.Copy();
        Gemm.Multiply(a.View, a.View, expected.View);

        Gemm.Multiply(a.View, a.View, actual.View, threads: 1000);

        TestMatrix.AssertSameBits(expected.Storage, actual.Storage, "1000 threads");
    }

    [Fact]
    public async Task Threads_that_share_packed_blocks_stop_together()
    {
        TestMatrix a = new(400, 400, Layout.RowMajor, 43), c = new(400, 400, Layout.RowMajor, 44);
        for (int round = 0; round < 50; round++)
        {
            using var stop = new CancellationTokenSource();
            Task product = Task.Run(() =>
            {
                while (true)
                    Gemm.Multiply(a.View, a.View, c.View, GemmMode.Overwrite, threads: 3, stop.Token);
            }, TestContext.Current.CancellationToken);
            await Task.Delay(round % 5, TestContext.Current.CancellationToken);

            await stop.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                product.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void Signed_zeros_denormals_and_infinities_pass_as_the_chain_passes_them()
    {
        float[] special = [-0f, 0f, float.Epsilon, -float.Epsilon, 1e-39f, float.MaxValue, 1e-20f, -1e-20f, float.PositiveInfinity, 1f];
        TestMatrix a = new(14, 3, Layout.RowMajor, 16), b = new(3, 34, Layout.Transposed, 17), c = new(14, 34, Layout.RowMajor, 18);
        for (int i = 0; i < a.Storage.Length; i++)
            a.Storage[i] = special[i % special.Length];
        for (int i = 0; i < b.Storage.Length; i++)
            b.Storage[i] = special[i * 7 % 8];
        c.Storage.AsSpan().Fill(-0f);

        // Infinity meets no zero and no infinity here: a NaN's sign and payload are not specified.
        for (int i = 0; i < b.Storage.Length; i++)
            b.Storage[i] = b.Storage[i] == 0 ? -3f : b.Storage[i];
        AssertAllPathsFollowTheSpecification(a, b, c, GemmMode.Overwrite);
        AssertAllPathsFollowTheSpecification(a, b, c, GemmMode.Add);
    }

    [Fact]
    public void A_row_or_a_column_that_is_not_a_number_stays_in_its_row_or_column()
    {
        TestMatrix a = new(14, 5, Layout.RowMajor, 19), b = new(5, 34, Layout.Transposed, 20);
        a.View[13, 2] = float.NaN;
        b.View[4, 33] = float.NaN;
        foreach (GemmPath path in Paths)
        {
            TestMatrix c = new(14, 34, Layout.RowMajor, 21);

            Gemm.Multiply(path, a.View, b.View, c.View, GemmMode.Overwrite, 1);

            for (int i = 0; i < 14; i++)
            {
                for (int j = 0; j < 34; j++)
                    Assert.Equal(i == 13 || j == 33, float.IsNaN(c.View[i, j]));
            }
        }
    }

    [Fact]
    public void An_empty_sum_clears_or_keeps_the_result()
    {
        TestMatrix c = new(2, 3, Layout.EveryThird, 22);
        TestMatrix kept = c.Copy();

        Gemm.Multiply(new([], 2, 0), new([], 0, 3), c.View, GemmMode.Subtract);
        TestMatrix.AssertSameBits(kept.Storage, c.Storage, "kept");

        Gemm.Multiply(new([], 2, 0), new([], 0, 3), c.View);
        Assert.Equal(0, c.View[1, 2]);
        Assert.Equal(kept.Storage[1], c.Storage[1]);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        float[] data = new float[64];
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(new(data, 4, 5), new(data, 4, 5), new(data, 4, 5)));
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(new(data, 4, 5), new(data, 5, 4), new(data, 4, 5)));
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(new(data, 4, 5), new(data, 5, 4), new(data, 5, 4)));
    }
}
