using QuantBuild.Kernels;

namespace QuantBuild.Tests.Kernels;

public sealed class WorkersTests
{
    [Theory, InlineData(0, 4), InlineData(1, 4), InlineData(3, 1), InlineData(100, 1), InlineData(100, 2), InlineData(100, 7)]
    public void Every_index_is_visited_once(int count, int threads)
    {
        int[] visits = new int[count];

        Workers.For(count, threads, index => Interlocked.Increment(ref visits[index]));

        Assert.All(visits, visit => Assert.Equal(1, visit));
    }

    [Theory, InlineData(1), InlineData(3)]
    public void An_exception_reaches_the_caller(int threads)
    {
        Exception? exception = Record.Exception(() => Workers.For(50, threads, index =>
        {
            if (index == 20)
                throw new InvalidOperationException("twenty");
        }));

        Assert.Equal("twenty", (exception is AggregateException many ? many.InnerException : exception)?.Message);
    }

    [Fact]
    public void A_loop_within_a_loop_finishes()
    {
        int sum = 0;

        Workers.For(8, 4, _ => Workers.For(8, 4, _ => Interlocked.Increment(ref sum)));

        Assert.Equal(64, sum);
    }
}
