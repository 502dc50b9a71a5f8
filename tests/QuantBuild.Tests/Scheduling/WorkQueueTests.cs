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

        Assert.ThrowsAny<OperationCanceledException>(() => WorkQueue.Run(new WorkBudget(100, 2), Enumerable.Range(0, 50).Select(i => new WorkItem($"{i}", i, _ =>
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

    private static WorkItem Failing(string name, double cost, string file) =>
        new(name, cost, _ => throw new DiagnosticException(Descriptors.SourceUnreadable.At(new SourceSpan(file), "why")));

    private static void Run(int threads, params WorkItem[] items) =>
        WorkQueue.Run(new WorkBudget(100, threads), items, TestContext.Current.CancellationToken);
}
