using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Tests.Scheduling;

public sealed class MemoryLimitTests
{
    private static readonly MachineMemory Machine = new(1000, 400);

    [Theory]
    [InlineData("8GiB", 8L << 30)]
    [InlineData("500MB", 500_000_000)]
    [InlineData("50%", 200)]
    [InlineData("12.5%", 50)]
    [InlineData("100%", 400)]
    public void A_size_is_taken_as_it_is_and_a_share_is_of_what_is_free(string text, long bytes) =>
        Assert.Equal(bytes, MemoryLimit.Parse(text)!.Value.Resolve(Machine));

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("0%")]
    [InlineData("101%")]
    [InlineData("-5%")]
    [InlineData("0B")]
    [InlineData("8")]
    [InlineData("8 gigs")]
    public void Anything_else_is_none(string text) => Assert.Null(MemoryLimit.Parse(text));

    [Fact]
    public void The_default_is_70_percent_of_what_is_free() => Assert.Equal(280, MemoryLimit.Default.Resolve(Machine));
}
