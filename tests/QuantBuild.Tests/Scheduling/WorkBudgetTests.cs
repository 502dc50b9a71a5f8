using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Tests.Scheduling;

public sealed class WorkBudgetTests
{
    [Fact]
    public void Work_that_fits_side_by_side_shares_the_threads()
    {
        var budget = new WorkBudget(bytes: 100, threads: 4);

        using WorkLease first = Enter(budget, 50);
        using WorkLease second = Enter(budget, 50);

        Assert.Equal((2, 2), (first.Threads, second.Threads));
    }

    [Fact]
    public void Threads_that_do_not_divide_evenly_are_all_handed_out()
    {
        var budget = new WorkBudget(bytes: 100, threads: 4);

        using WorkLease first = Enter(budget, 30);
        using WorkLease second = Enter(budget, 30);
        using WorkLease third = Enter(budget, 30);

        Assert.Equal((2, 1, 1), (first.Threads, second.Threads, third.Threads));
    }

    [Fact]
    public void Where_memory_allows_only_one_it_gets_all_threads()
    {
        var budget = new WorkBudget(bytes: 100, threads: 4);

        using WorkLease lease = Enter(budget, 60);

        Assert.Equal(4, lease.Threads);
    }

    [Fact]
    public void The_last_work_gets_all_threads()
    {
        var budget = new WorkBudget(bytes: 100, threads: 4);
        budget.Expect(1);

        using WorkLease lease = Enter(budget, 10);

        Assert.Equal(4, lease.Threads);
    }

    [Fact]
    public void Scratch_memory_of_threads_takes_threads_rather_than_the_budget()
    {
        var budget = new WorkBudget(bytes: 100, threads: 4);

        using WorkLease lease = budget.Enter("work", threads => 70 + (threads * 10), CancellationToken.None);

        Assert.Equal((3, 100), (lease.Threads, lease.Bytes));
    }

    [Fact]
    public async Task What_does_not_fit_waits_until_others_give_back()
    {
        var budget = new WorkBudget(bytes: 100, threads: 4);
        WorkLease first = Enter(budget, 50);
        WorkLease second = Enter(budget, 25);
        Task<WorkLease> third = Task.Run(() => Enter(budget, 40));

        Assert.True(Waits(budget, third));
        first.Shrink(20);
        using WorkLease entered = await third;

        Assert.Equal(85, budget.MostBytes);
        second.Dispose();
        first.Dispose();
    }

    [Fact]
    public async Task Nothing_overtakes_what_waits_for_more()
    {
        var budget = new WorkBudget(bytes: 100, threads: 4);
        WorkLease running = Enter(budget, 40);
        Task<WorkLease> large = Task.Run(() => Enter(budget, 90));
        Assert.True(Waits(budget, large));
        Task<WorkLease> small = Task.Run(() => Enter(budget, 20));

        Assert.True(Waits(budget, small, count: 2));
        running.Dispose();
        (await large).Dispose();
        (await small).Dispose();
    }

    [Fact]
    public async Task Work_larger_than_the_budget_runs_alone_and_is_noted()
    {
        var budget = new WorkBudget(bytes: 100, threads: 2);
        WorkLease running = Enter(budget, 10);
        Task<WorkLease> large = Task.Run(() => Enter(budget, 300, "large"));
        Assert.True(Waits(budget, large));

        running.Dispose();
        using WorkLease alone = await large;

        Assert.Equal(2, alone.Threads);
        Assert.Equal(300, budget.TakeOversized()["large"]);
    }

    [Fact]
    public void Work_that_the_machine_cannot_hold_is_an_error()
    {
        var budget = new WorkBudget(bytes: 100, threads: 2, machineBytes: 1000);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => Enter(budget, 2000, "low_noise blocks.0.ffn.2"));

        Assert.Equal("QB3209", Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.Contains("low_noise blocks.0.ffn.2", failure.Diagnostics[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_strict_budget_refuses_what_is_larger_and_names_the_limit_that_suffices()
    {
        const long MiB = 1 << 20;
        var budget = new WorkBudget(100 * MiB, threads: 2, isStrict: true);
        using WorkLease running = Enter(budget, 10 * MiB);

        DiagnosticException failure =
            await Assert.ThrowsAsync<DiagnosticException>(() =>
                Task.Run(() => Enter(budget, 300 * MiB, "low_noise blocks.0.ffn.2"), TestContext.Current.CancellationToken));

        Diagnostic problem = Assert.Single(failure.Diagnostics);
        Assert.Equal("QB3211", problem.Descriptor.Code);
        Assert.Contains("low_noise blocks.0.ffn.2 needs about 300 MiB; the memory limit leaves 100 MiB", problem.Message,
            StringComparison.Ordinal);
        string least = problem.Message.Split("it must be ")[1].Split(' ')[0];
        Assert.InRange(ProcessMemory.BudgetOf(MemoryLimit.Parse(least)!.Value.Resolve(default)), 300 * MiB, 303 * MiB);
        using WorkLease next = Enter(budget, 90 * MiB);
    }

    [Fact]
    public async Task A_wait_ends_when_it_is_cancelled_and_does_not_block_the_next()
    {
        var budget = new WorkBudget(bytes: 100, threads: 2);
        using WorkLease running = Enter(budget, 60);
        using var cancellation = new CancellationTokenSource();
        Task<WorkLease> waiting = Task.Run(() => budget.Enter("waiting", _ => 60, cancellation.Token));
        Assert.True(Waits(budget, waiting));

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        running.Dispose();
        using WorkLease next = Enter(budget, 60);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void Under_many_threads_neither_bytes_nor_threads_exceed_the_budget(int threads)
    {
        var budget = new WorkBudget(bytes: 1000, threads);
        long bytes = 0;
        int used = 0;
        bool exceeded = false;
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            using WorkLease lease = Enter(budget, 1 + (i * 7919 % 900));
            exceeded |= Interlocked.Add(ref bytes, lease.Bytes) > 1000 || Interlocked.Add(ref used, lease.Threads) > threads;
            Thread.SpinWait(2000);
            Interlocked.Add(ref bytes, -lease.Bytes);
            Interlocked.Add(ref used, -lease.Threads);
        });

        Assert.False(exceeded);
        Assert.InRange(budget.MostBytes, 1, 1000);
        Assert.InRange(budget.MostThreads, 1, threads);
    }

    /// <summary>Whether work is among those that wait, once there are so many, or gets in.</summary>
    private static bool Waits(WorkBudget budget, Task task, int count = 1)
    {
        Assert.True(SpinWait.SpinUntil(() => budget.Waiting == count || task.IsCompleted, TimeSpan.FromMinutes(5)));
        return !task.IsCompleted;
    }

    private static WorkLease Enter(WorkBudget budget, long bytes, string name = "work") =>
        budget.Enter(name, _ => bytes, TestContext.Current.CancellationToken);
}
