using System.Runtime.CompilerServices;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public sealed class WorkersTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(5), InlineData(40)]
    public void Every_index_is_done_once(int threads)
    {
        for (int round = 0; round < 200; round++)
        {
            var done = new int[33];

            Workers.For(done.Length, threads, i => Interlocked.Increment(ref done[i]), TestContext.Current.CancellationToken);

            Assert.All(done, times => Assert.Equal(1, times));
        }
    }

    [Fact]
    public void Loops_may_run_side_by_side_and_within_one_another()
    {
        var done = new int[8 * 20 * 30];

        Workers.For(8, 8, outer =>
        {
            for (int round = 0; round < 20; round++)
                Workers.For(30, 3, inner => Interlocked.Increment(ref done[(((outer * 20) + round) * 30) + inner]));
        }, TestContext.Current.CancellationToken);

        Assert.All(done, times => Assert.Equal(1, times));
    }

    [Fact]
    public void Other_threads_do_help()
    {
        using var both = new Barrier(2);

        Workers.For(2, 2, _ => Assert.True(both.SignalAndWait(TimeSpan.FromMinutes(5))), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Threads_that_have_slept_are_woken()
    {
        using var both = new Barrier(2);
        for (int round = 0; round < 5; round++)
        {
            Thread.Sleep(20);
            Workers.For(2, 2, _ => Assert.True(both.SignalAndWait(TimeSpan.FromMinutes(5))), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void What_another_thread_throws_arrives_and_the_thread_goes_on_helping()
    {
        int caller = Environment.CurrentManagedThreadId;
        for (int round = 0; round < 50; round++)
        {
            using var both = new Barrier(2);
            AggregateException error = Assert.Throws<AggregateException>(() => Workers.For(2, 2, _ =>
            {
                both.SignalAndWait(TimeSpan.FromMinutes(5));
                if (Environment.CurrentManagedThreadId != caller)
                    throw new InvalidDataException("there");
            }, TestContext.Current.CancellationToken));

            Assert.Equal("there", Assert.IsType<InvalidDataException>(Assert.Single(error.InnerExceptions)).Message);
        }
    }

    [Fact]
    public void A_loop_ends_after_all_its_threads_also_when_the_caller_throws()
    {
        int caller = Environment.CurrentManagedThreadId, ended = 0;
        using var both = new Barrier(2);

        Assert.Throws<InvalidDataException>(() => Workers.For(2, 2, _ =>
        {
            both.SignalAndWait(TimeSpan.FromMinutes(5));
            if (Environment.CurrentManagedThreadId == caller)
                throw new InvalidDataException("here");
            Thread.Sleep(50);
            Volatile.Write(ref ended, 1);
        }, TestContext.Current.CancellationToken));

        Assert.Equal(1, ended);
    }

    [Fact]
    public void Threads_keep_nothing_of_a_loop_that_has_ended()
    {
        WeakReference held = Use();
        for (int i = 0; i < 6000 && held.IsAlive; i++)
        {
            Thread.Sleep(10);
            GC.Collect();
        }

        Assert.False(held.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Use()
        {
            var data = new byte[1000];
            using var both = new Barrier(2);
            Workers.For(2, 2, i =>
            {
                both.SignalAndWait(TimeSpan.FromMinutes(5));
                data[i] = 1;
            }, TestContext.Current.CancellationToken);
            return new WeakReference(data);
        }
    }

    [Fact]
    public void A_cancelled_loop_begins_nothing_more()
    {
        using var stop = new CancellationTokenSource();
        int begun = 0;

        Assert.ThrowsAny<OperationCanceledException>(() => Workers.For(1000, 3, _ =>
        {
            int index = Interlocked.Increment(ref begun);
            if (index == 10)
                stop.Cancel();
            else if (index > 10)
                stop.Token.WaitHandle.WaitOne();
        }, stop.Token));

        Assert.InRange(begun, 10, 12);
    }
}
