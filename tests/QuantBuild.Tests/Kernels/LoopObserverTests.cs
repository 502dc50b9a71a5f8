using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public sealed class LoopObserverTests
{
    [Fact]
    public void Loops_are_seen_with_their_pieces_and_those_within_them_are_not()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        int inner = 0;
        using (var observer = new LoopObserver())
        {
            Workers.For(3, 2, _ => Workers.For(5, 1, _ => Interlocked.Increment(ref inner), ct), ct);
            Assert.Throws<InvalidOperationException>(() => Workers.For(2, 1, _ => throw new InvalidOperationException(), ct));

            Assert.Equal([3, 2], observer.Loops.Select(loop => loop.Pieces));
            Assert.InRange(observer.Loops.Sum(loop => loop.Seconds), 0, observer.Seconds);
        }
        Workers.For(7, 1, _ => { }, ct);
        Assert.Null(LoopObserver.Current);
        Assert.Equal(15, inner);
    }
}
