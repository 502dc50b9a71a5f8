using System.Collections.Concurrent;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Tests.Scheduling;

public sealed class WorkQueueTests
{
    [Fact]
    public void The_longest_runs_first_and_names_break_ties()
    {
        var order = new List<string>();

        Run(1, Item("b", 1), Item("a", 1), Item("long", 9), Item("c", 2));

        Assert.Equal(["long", "c", "a", "b"], order);

        WorkItem Item(string name, double cost) => new(name, cost, _ => order.Add(name));
    }

    [Fact]
    public void Work_may_add_work()
    {
        var done = new ConcurrentBag<string>();

        Run(3, new WorkItem("first", 1, queue =>
        {
            for (int i = 0; i < 20; i++)
            {
                string name = $"added {i}";
                queue.Add(new WorkItem(name, i, _ => done.Add(name)));
            }
        }));

        Assert.Equal(20, done.Distinct().Count());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Failures_stop_nobody_else_and_are_reported_together_each_once_in_order(int threads)
    {
        int done = 0;

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => Run(threads,
            Failing("z", 5, "b.json"), Failing("y", 4, "a.json"), Failing("x", 3, "b.json"), new WorkItem("good", 1, _ => done++)));

        Assert.Equal(["a.json", "b.json"], failure.Diagnostics.Select(diagnostic => diagnostic.Span!.Value.File));
        Assert.Equal(1, done);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_bug_ends_the_queue_and_comes_out_as_it_is(int threads) =>
        Assert.Throws<InvalidTimeZoneException>(() => Run(threads, new WorkItem("bug", 1, _ => throw new InvalidTimeZoneException())));

    [Fact]
    public void Cancellation_ends_it_although_work_is_left()
    {
        using var cancellation = new CancellationTokenSource();
        int started = 0;

        Assert.ThrowsAny<OperationCanceledException>(() =>
            WorkQueue.Run(new WorkBudget(100, 2), Enumerable.Range(0, 50).Select(i => new WorkItem($"{i}", i, _ =>
        {
            started++;
            cancellation.Cancel();
        })), cancellation.Token));

        Assert.InRange(started, 1, 2);
    }

    [Fact]
    public void The_next_ones_data_is_read_while_one_is_executed_and_never_by_a_queue_that_executes_nothing()
    {
        var budget = new WorkBudget(100, 1);
        int read = 0;
        WorkItem[] items = [.. Enumerable.Range(0, 3).Select(i => new WorkItem($"{i}", i, _ => { }, () => read++))];

        WorkQueue.Run(budget, items, TestContext.Current.CancellationToken);
        Assert.Equal(0, read);

        using (budget.Enter("busy", _ => 1, TestContext.Current.CancellationToken))
            WorkQueue.Run(budget, items, TestContext.Current.CancellationToken);
        Assert.InRange(read, 1, 2);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_failure_in_the_middle_lets_those_that_wait_for_its_memory_go_on(int threads)
    {
        var budget = new WorkBudget(100, threads);
        var done = new ConcurrentBag<string>();
        var everybodyWaits = new Waiters(budget, threads - 1);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => WorkQueue.Run(budget, [Holder(() =>
        {
            everybodyWaits.Wait();
            throw new DiagnosticException(Descriptors.SourceUnreadable.At(new SourceSpan("a.json"), "why"));
        }, budget), .. Enumerable.Range(0, 6).Select(i => new WorkItem($"waiting {i}", i, _ =>
        {
            using WorkLease lease = everybodyWaits.Enter(60);
            done.Add($"{i}");
        }))], TestContext.Current.CancellationToken));

        Assert.Single(failure.Diagnostics);
        Assert.Equal(6, done.Count);
        AssertFree(budget);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Cancelling_in_the_middle_ends_those_that_wait_for_memory_and_returns_everything(int threads)
    {
        var budget = new WorkBudget(100, threads);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var everybodyWaits = new Waiters(budget, threads - 1, cancellation.Token);
        int entered = 0;

        Assert.ThrowsAny<OperationCanceledException>(() => WorkQueue.Run(budget, [Holder(() =>
        {
            everybodyWaits.Wait();
            cancellation.Cancel();
            cancellation.Token.ThrowIfCancellationRequested();
        }, budget), .. Enumerable.Range(0, 6).Select(i => new WorkItem($"waiting {i}", i, _ =>
        {
            using WorkLease lease = everybodyWaits.Enter(60);
            entered++;
        }))], cancellation.Token));

        Assert.Equal(0, entered);
        AssertFree(budget);
    }

    [Fact]
    public void A_bug_in_the_middle_comes_out_although_others_wait_for_memory()
    {
        var budget = new WorkBudget(100, 3);
        var everybodyWaits = new Waiters(budget, 2);

        Assert.Throws<InvalidTimeZoneException>(() => WorkQueue.Run(budget, [Holder(() =>
        {
            everybodyWaits.Wait();
            throw new InvalidTimeZoneException();
        }, budget), .. Enumerable.Range(0, 4).Select(i => new WorkItem($"waiting {i}", i, _ => everybodyWaits.Enter(60).Dispose()))],
        TestContext.Current.CancellationToken));

        AssertFree(budget);
    }

    [Fact]
    public void Data_that_cannot_be_read_ahead_does_not_end_the_queue()
    {
        var budget = new WorkBudget(100, 1);
        int done = 0;
        WorkItem[] items =
            [.. Enumerable.Range(0, 3).Select(i => new WorkItem($"{i}", i, _ => done++, () => throw new IOException("the disk")))];

        using (budget.Enter("busy", _ => 1, TestContext.Current.CancellationToken))
            WorkQueue.Run(budget, items, TestContext.Current.CancellationToken);

        Assert.Equal(3, done);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Under_failures_bugs_and_cancellation_at_random_nothing_hangs_and_everything_is_returned(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 40; round++)
        {
            var budget = new WorkBudget(100, 1 + random.Next(4));
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            int ending = random.Next(40), kind = random.Next(3);
            WorkItem[] items = [.. Enumerable.Range(0, 40).Select(i =>
            {
                (long bytes, int spins) = (1 + random.Next(130), random.Next(3000));
                return new WorkItem($"{i}", i, _ =>
                {
                    using WorkLease lease = budget.Enter($"{i}", _ => bytes, cancellation.Token);
                    Thread.SpinWait(spins);
                    lease.Shrink(bytes / 2);
                    if (i == ending && kind == 0)
                        throw new InvalidTimeZoneException();
                    if (i == ending && kind == 1)
                        cancellation.Cancel();
                    if (i % 7 == 0)
                        throw new DiagnosticException(Descriptors.SourceUnreadable.At(new SourceSpan($"{i}"), "why"));
                });
            })];

            Exception failure = Assert.ThrowsAny<Exception>(() => WorkQueue.Run(budget, items, cancellation.Token));

            Assert.IsAssignableFrom(kind == 0 ? typeof(InvalidTimeZoneException) : kind == 1
                ? typeof(OperationCanceledException)
                : typeof(DiagnosticException), failure);
            AssertFree(budget);
        }
    }

    /// <summary>The first to run: takes more than half of the memory for as long as something takes.</summary>
    private static WorkItem Holder(Action meanwhile, WorkBudget budget) => new("holder", 100, _ =>
    {
        using WorkLease lease = budget.Enter("holder", _ => 60, TestContext.Current.CancellationToken);
        meanwhile();
    });

    private static void AssertFree(WorkBudget budget)
    {
        budget.Expect(1);
        using WorkLease all = budget.Enter("everything", _ => budget.Bytes, TestContext.Current.CancellationToken);
        Assert.Equal(budget.Threads, all.Threads);
    }

    /// <summary>Work that waits for memory.</summary>
    private sealed class Waiters(WorkBudget budget, int expected, CancellationToken cancellation = default)
    {
        public WorkLease Enter(long bytes) => budget.Enter("waiting", _ => bytes, cancellation);

        /// <summary>Until there are as many as expected.</summary>
        public void Wait() => Assert.True(SpinWait.SpinUntil(() => budget.Waiting == expected, TimeSpan.FromMinutes(5)));
    }

    private static WorkItem Failing(string name, double cost, string file) =>
        new(name, cost, _ => throw new DiagnosticException(Descriptors.SourceUnreadable.At(new SourceSpan(file), "why")));

    private static void Run(int threads, params WorkItem[] items) =>
        WorkQueue.Run(new WorkBudget(100, threads), items, TestContext.Current.CancellationToken);
}
