using System.Globalization;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public sealed class GemmBlockSizesTests
{
    private const string Caches = "/sys/devices/system/cpu/cpu0/cache";

    [Theory]
    [InlineData(1024, 32768, 96, 1536)]
    [InlineData(2048, 107520, 192, 1536)]
    [InlineData(1280, 55296, 120, 1536)]
    [InlineData(512, 16384, 48, 768)]
    [InlineData(256, 6144, 48, 384)]
    [InlineData(4096, 4096, 192, 384)]
    public void Blocks_fit_the_caches(int secondKiB, int lastKiB, int rows, int columns) =>
        Assert.Equal(new GemmBlockSizes(768, rows, columns), GemmBlockSizes.For(new CacheSizes(secondKiB * 1024L, lastKiB * 1024L)));

    [Fact]
    public void The_processor_says_what_the_system_says()
    {
        Assert.SkipUnless(Directory.Exists($"{Caches}/index2"), "the system does not tell the sizes of caches");

        long second = SizeOf(2), last = Math.Max(second, SizeOf(3));

        Assert.Equal(new CacheSizes(second, last), CacheSizes.Here);
    }

    [Theory]
    [InlineData(7, 12, 96, 1)]
    [InlineData(100, 36, 192, 1)]
    [InlineData(768, 192, 384, 1)]
    [InlineData(97, 24, 96, 2)]
    [InlineData(300, 60, 288, 3)]
    public unsafe void No_size_shows_in_a_bit(int depth, int rows, int columns, int threads)
    {
        TestMatrix a = new(400, 770, Layout.RowMajor, 1), b = new(770, 401, Layout.Transposed, 2), c = new(400, 401, Layout.RowMajor, 3);
        foreach (GemmPath path in Enum.GetValues<GemmPath>().Where(path => path <= Gemm.Fastest))
        {
            TestMatrix expected = c.Copy(), actual = c.Copy();
            Gemm.Multiply(path, a.View, b.View, expected.View, GemmMode.Add, threads: 1);

            fixed (float* dataA = a.View.Data, dataB = b.View.Data, dataC = actual.View.Data)
            {
                Gemm.Run(path, new GemmProblem
                {
                    Rows = 400,
                    Columns = 401,
                    Depth = 770,
                    A = new Strided(dataA, a.View.RowStride, a.View.ColumnStride),
                    B = new Strided(dataB, b.View.RowStride, b.View.ColumnStride),
                    C = new Strided(dataC, actual.View.RowStride, actual.View.ColumnStride),
                    Accumulate = true,
                    Sizes = new GemmBlockSizes(depth, rows, columns),
                }, threads);
            }

            TestMatrix.AssertSameBits(expected.Storage, actual.Storage, $"{path} in blocks of {depth} x {rows} x {columns}");
        }
    }

    private static long SizeOf(int level)
    {
        foreach (string cache in Directory.GetDirectories(Caches, "index*"))
        {
            if (Read(cache, "level") == level.ToString(CultureInfo.InvariantCulture) && Read(cache, "type") != "Instruction")
                return long.Parse(Read(cache, "size").TrimEnd('K'), CultureInfo.InvariantCulture) * 1024;
        }
        return 0;
    }

    private static string Read(string cache, string file) => File.ReadAllText(Path.Combine(cache, file)).Trim();
}
