using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Running;

/// <summary>Which of several workers a process is: by its command line, or by what a scheduler set.</summary>
internal static class ShardOptions
{
    /// <summary>Variables of schedulers that number copies of a command, from 0 on.</summary>
    private const string SlurmIndex = "SLURM_ARRAY_TASK_ID", SlurmCount = "SLURM_ARRAY_TASK_COUNT",
        KubernetesIndex = "JOB_COMPLETION_INDEX";

    public static Option<string?> Shard { get; } = new("--shard")
    {
        Description = $"Which worker this is, from 0 on, and of how many [default: {SlurmIndex} or {KubernetesIndex}, of --shards].",
        HelpName = "i/n",
    };

    public static Option<int> Shards { get; } = CommonOptions.AtLeast(0, new Option<int>("--shards")
    {
        Description = $"How many workers there are, where a scheduler says which one this is [default: {SlurmCount}].",
        HelpName = "n",
    });

    /// <summary>The worker that this process is.</summary>
    /// <param name="shard">The option's value.</param>
    /// <param name="shards">The other option's value; 0 for none.</param>
    /// <param name="read">Looks an environment variable up; null when it is not set.</param>
    /// <exception cref="UsageException">Nobody says, or it makes no sense.</exception>
    public static Shard Of(string? shard, int shards, Func<string, string?> read)
    {
        if (shard is not null)
            return Compiler.Scheduling.Shard.Parse(shard)
                ?? throw new UsageException($"--shard takes i/n with i from 0 to n - 1, such as 0/4, not '{shard}'.");
        (string variable, string? index) = read(SlurmIndex) is { } slurm ? (SlurmIndex, slurm) : (KubernetesIndex, read(KubernetesIndex));
        if (index is null)
            throw new UsageException(
                $"Say which worker this is: --shard i/n, or --shards n where {SlurmIndex} or {KubernetesIndex} is set.");
        string count = shards > 0 ? shards.ToString(CultureInfo.InvariantCulture) : (variable == SlurmIndex ? read(SlurmCount) : null)
            ?? throw new UsageException($"Say how many workers there are: --shards n; {variable} says only which one this is.");
        return Compiler.Scheduling.Shard.Parse($"{index}/{count}")
            ?? throw new UsageException($"{variable} is {index}, which is no worker of {count}: they are numbered from 0 on.");
    }
}
