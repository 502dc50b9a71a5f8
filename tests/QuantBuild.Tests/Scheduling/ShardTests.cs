using QuantBuild.Compiler.Scheduling;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tests.Scheduling;

public sealed class ShardTests
{
    [Theory]
    [InlineData("0/1", 0, 1)]
    [InlineData("3/4", 3, 4)]
    public void A_worker_is_named_by_its_number_from_0_on_and_their_count(string text, int index, int count)
    {
        Assert.Equal(new Shard(index, count), Shard.Parse(text));
        Assert.Equal(text, Shard.Parse(text).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("4/4")]
    [InlineData("-1/4")]
    [InlineData("1/0")]
    [InlineData("1/2/3")]
    [InlineData("a/b")]
    public void What_is_no_worker_is_none(string text) => Assert.Null(Shard.Parse(text));

    [Theory]
    [InlineData("1/3", 0, "1/3", "SLURM_ARRAY_TASK_ID=7")]
    [InlineData(null, 0, "2/4", "SLURM_ARRAY_TASK_ID=2", "SLURM_ARRAY_TASK_COUNT=4")]
    // A task that is started again alone is in an array of one.
    [InlineData(null, 4, "2/4", "SLURM_ARRAY_TASK_ID=2", "SLURM_ARRAY_TASK_COUNT=1")]
    [InlineData(null, 8, "5/8", "JOB_COMPLETION_INDEX=5")]
    public void A_scheduler_says_which_worker_a_process_is(string? shard, int shards, string expected, params string[] variables) =>
        Assert.Equal(expected, ShardOptions.Of(shard, shards, Reading(variables)).ToString());

    [Theory]
    [InlineData(null, 4, "Say which worker this is")]
    [InlineData(null, 0, "Say how many workers there are", "JOB_COMPLETION_INDEX=1")]
    [InlineData(null, 4, "which is no worker of 4", "SLURM_ARRAY_TASK_ID=4")]
    [InlineData("4/4", 0, "--shard takes i/n")]
    public void A_process_that_cannot_know_which_worker_it_is_says_why(string? shard, int shards, string reason,
        params string[] variables) =>
        Assert.Contains(reason, Assert.Throws<UsageException>(() => ShardOptions.Of(shard, shards, Reading(variables))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Every_piece_is_one_workers_whatever_the_order_in_which_they_are_told()
    {
        var random = new Random(1);
        (string Name, double Cost)[] pieces = [.. Enumerable.Range(0, 300).Select(i => ($"piece {i}", Math.Pow(random.NextDouble(), 3)))];

        IReadOnlyList<IReadOnlyList<string>> shares = LongestFirst.Share(pieces, 7);
        random.Shuffle(pieces);

        Assert.Equal(shares, LongestFirst.Share(pieces, 7));
        Assert.Equal(pieces.Select(piece => piece.Name).Order(StringComparer.Ordinal),
            shares.SelectMany(share => share).Order(StringComparer.Ordinal));
        var costs = pieces.ToDictionary(piece => piece.Name, piece => piece.Cost);
        double[] loads = [.. shares.Select(share => share.Sum(name => costs[name]))];
        Assert.InRange(loads.Max() / loads.Average(), 1, 1.01);
    }

    [Fact]
    public void Workers_that_outnumber_the_pieces_have_none_and_equal_pieces_are_dealt_out()
    {
        IReadOnlyList<IReadOnlyList<string>> shares = LongestFirst.Share([("a", 0), ("b", 0), ("c", 0)], 5);

        Assert.Equal([1, 1, 1, 0, 0], shares.Select(share => share.Count));
    }

    private static Func<string, string?> Reading(string[] variables) =>
        name => variables.Select(pair => pair.Split('=')).FirstOrDefault(pair => pair[0] == name)?[1];
}
