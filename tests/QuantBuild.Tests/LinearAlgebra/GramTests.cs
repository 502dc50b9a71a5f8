using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Kernels;
using QuantBuild.Tests.Kernels;

namespace QuantBuild.Tests.LinearAlgebra;

public sealed class GramTests
{
    private static IEnumerable<GemmPath> Paths => Enum.GetValues<GemmPath>().Where(path => path <= Gemm.Fastest);

    private static TestMatrix Symmetric(int size, Layout layout, int seed)
    {
        var h = new TestMatrix(size, size, layout, seed);
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < i; j++)
                h.View[i, j] = h.View[j, i];
        }
        return h;
    }

    [Theory]
    [InlineData(1, 1), InlineData(3, 5), InlineData(7, 12), InlineData(9, 33), InlineData(20, 64), InlineData(17, 97), InlineData(800, 70),
        InlineData(5, 257)]
    public void Every_path_equals_the_product_of_the_transpose_to_the_last_bit(int rows, int columns)
    {
        foreach (Layout layout in Enum.GetValues<Layout>())
        {
            TestMatrix x = new(rows, columns, layout, 1), h = Symmetric(columns, layout, 2);
            TestMatrix expected = h.Copy();
            Gemm.Multiply(x.View.Transposed, x.View, expected.View, GemmMode.Add);
            foreach (GemmPath path in Paths)
            {
                TestMatrix actual = h.Copy();

                Gram.Accumulate(path, x.View, actual.View, threads: 1);

                TestMatrix.AssertSameBits(expected.Storage, actual.Storage, $"{path} {layout}");
            }
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(5)]
    public void The_number_of_threads_changes_no_bit(int threads)
    {
        foreach ((int rows, int columns) in new[] { (150, 321), (260, 1650) })
        {
            TestMatrix x = new(rows, columns, Layout.RowMajor, 3), h = Symmetric(columns, Layout.PaddedRows, 4);
            TestMatrix expected = h.Copy();
            Gemm.Multiply(x.View.Transposed, x.View, expected.View, GemmMode.Add);

            Gram.Accumulate(x.View, h.View, threads);

            TestMatrix.AssertSameBits(expected.Storage, h.Storage, $"{threads} threads, {rows} x {columns}");
        }
    }

    [Fact]
    public void Rows_may_come_in_any_number_of_calls()
    {
        TestMatrix x = new(1000, 50, Layout.RowMajor, 5), once = Symmetric(50, Layout.RowMajor, 6), often = once.Copy();

        Gram.Accumulate(x.View, once.View);
        Gram.Accumulate(x.View.Slice(0, 0, 7, 50), often.View);
        Gram.Accumulate(x.View.Slice(7, 0, 793, 50), often.View);
        Gram.Accumulate(x.View.Slice(800, 0, 200, 50), often.View);

        TestMatrix.AssertSameBits(once.Storage, often.Storage, "three calls");
    }

    [Fact]
    public void No_rows_leave_the_matrix_as_it_is()
    {
        TestMatrix h = Symmetric(70, Layout.RowMajor, 7), before = h.Copy();

        Gram.Accumulate(new([], 0, 70), h.View);

        TestMatrix.AssertSameBits(before.Storage, h.Storage, "no rows");
    }

    [Fact]
    public void Overwriting_with_no_rows_clears_the_matrix()
    {
        TestMatrix h = Symmetric(70, Layout.RowMajor, 8);

        Gram.MakeUpper(new([], 0, 70), h.View, GemmMode.Overwrite);

        Assert.All(h.Storage, value => Assert.Equal(0, value));
    }

    [Fact]
    public void The_first_rows_may_overwrite_instead_of_adding_to_zeros()
    {
        TestMatrix x = new(300, 200, Layout.RowMajor, 9), added = new(200, 200, Layout.RowMajor, 10), overwritten = added.Copy();
        added.Storage.AsSpan().Clear();

        Gram.Accumulate(x.View, added.View);
        Gram.MakeUpper(x.View, overwritten.View, GemmMode.Overwrite, threads: 2);
        Gram.Mirror(overwritten.View);

        TestMatrix.AssertSameBits(added.Storage, overwritten.Storage, "overwritten");
    }

    [Fact]
    public void A_result_of_another_size_is_refused()
    {
        float[] data = new float[64];
        Assert.Throws<ArgumentException>(() => Gram.Accumulate(new(data, 6, 5), new(data, 6, 6)));
        Assert.Throws<ArgumentException>(() => Gram.Accumulate(new(data, 6, 5), new(data, 5, 6)));
    }
}
