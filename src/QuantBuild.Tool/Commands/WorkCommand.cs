using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild work</c>: one of several workers' part of a build.</summary>
internal static class WorkCommand
{
    /// <summary>Where a worker can stop.</summary>
    private enum Phase
    {
        Calibrate,
        Layers,
    }

    private static readonly Option<Phase> Until = CommonOptions.OneOf(new Option<Phase>("--until")
    {
        Description = "Stop when the samples of this worker are recorded, or go on with its layers, for which those of all have to be.",
        HelpName = "calibrate|layers",
        DefaultValueFactory = _ => Phase.Layers,
    });

    public static Command Create(Session session)
    {
        var command = new Command("work", "Do one worker's part of a build: the same store, or the same --remote, joins the parts. "
            + "Exit code 75: try again later; 1: it fails for good.")
        {
            CommonOptions.Manifest,
            ShardOptions.Shard,
            ShardOptions.Shards,
            Until,
            CommonOptions.Store,
            RemoteOptions.Remote,
            RemoteOptions.ReadOnly,
            CommonOptions.Threads,
            CommonOptions.Memory,
            CommonOptions.Log,
        };
        ComputeArguments.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            Shard shard = ShardOptions.Of(arguments.GetValue(ShardOptions.Shard), arguments.GetValue(ShardOptions.Shards),
                Environment.GetEnvironmentVariable);
            CompileOptions options = CommonOptions.Compile(arguments, run);
            // The parts of workers with stores of their own are joined there: what did not arrive is not done.
            if (options.Remote is { ReadOnly: false } remote)
                options = options with { Remote = remote with { Required = true } };
            try
            {
                ShardResult result = run.Observe(observer => ShardWork.Run(options, shard,
                    arguments.GetValue(Until) == Phase.Calibrate, observer, run.Cancellation));
                int ran = result.Actions.Count(action => action.Outcome == ActionOutcome.Ran);
                run.Answer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{result.Name}, shard {shard}: {Quantity.Count(result.Samples, "sample")}, {Quantity.Count(result.Layers, "layer")}; ")
                    + $"{Quantity.Count(ran, "action")} ran, {result.Actions.Count - ran} came from the store");
                return ExitCode.Done;
            }
            catch (DiagnosticException failure) when (ShardWork.MayPass(failure))
            {
                run.Report(failure.Diagnostics);
                return ExitCode.TryAgain;
            }
        }));
        return command;
    }
}
