using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Text;

public sealed class ByteTextTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(7_707_035, "7.4 MiB")]
    [InlineData(7_706_000, "7.3 MiB")]
    // 7.35 MiB, a little below in binary: fifteen digits of it would round up.
    [InlineData(7_707_033, "7.3 MiB")]
    [InlineData((1 << 20) - 1, "1 MiB")]
    [InlineData(300L << 20, "300 MiB")]
    [InlineData(-1536, "-1.5 KiB")]
    [InlineData(long.MaxValue, "8192 PiB")]
    public void One_size_has_one_text(long bytes, string text) => Assert.Equal(text, ByteText.Of(bytes));
}
