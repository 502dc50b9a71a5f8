using System.Collections.ObjectModel;
using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Tool.Logging;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Running;

/// <summary>What every command needs, and the one place where failures become diagnostics and exit codes.</summary>
/// <param name="Console">Where to write.</param>
/// <param name="Interruption">Ctrl+C and termination requests.</param>
/// <param name="ParentGone">The build that this process works for has ended without it; cannot be cancelled when there is none.</param>
internal sealed record Session(ToolConsole Console, CancellationToken Interruption, CancellationToken ParentGone)
{
    /// <summary>Runs a command's body.</summary>
    /// <param name="arguments">The parsed command line.</param>
    /// <param name="body">Does the work and returns the exit code.</param>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Whatever escapes a command is reported as a diagnostic.")]
    public int Run(ParseResult arguments, Func<CommandRun, int> body)
    {
        bool verbose = arguments.GetValue(CommonOptions.Verbose);
        LogFormat format = arguments.GetResult(CommonOptions.Log) is null ? LogFormat.Text : arguments.GetValue(CommonOptions.Log);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Interruption, ParentGone);
        var run = new CommandRun(this, format, verbose, answersJson: arguments.GetValue(CommonOptions.Json), ended.Token);
        try
        {
            return body(run);
        }
        catch (Exception failure)
        {
            return Report(run, Root(failure), arguments.CommandResult.Command.Name);
        }
    }

    private int Report(CommandRun run, Exception failure, string command)
    {
        switch (failure)
        {
            case UsageException:
                Console.Error.WriteLine(failure.Message);
                return ExitCode.Usage;
            case OperationCanceledException when run.Cancellation.IsCancellationRequested:
                Console.Error.WriteLine(Cancelled.Text(command));
                return ExitCode.Cancelled;
            case DiagnosticException expected:
                foreach (Diagnostic diagnostic in expected.Diagnostics)
                    run.Report(diagnostic);
                break;
            default:
                run.Report(Descriptors.InternalError.At(null, $"{failure.GetType().Name}: {failure.Message}"));
                break;
        }
        if (run.Verbose || failure is not DiagnosticException)
            Console.Error.Write($"{failure}{Environment.NewLine}");
        if (failure is not DiagnosticException)
            Console.Error.WriteLine("This is a bug in quantbuild: please report the lines above together with the manifest.");
        return ExitCode.Failed;
    }

    /// <summary>
    /// The failure that matters among those that parallel work collects: a diagnostic before a crash before a cancellation.
    /// </summary>
    private static Exception Root(Exception failure)
    {
        if (failure is not AggregateException several)
            return failure;
        ReadOnlyCollection<Exception> all = several.Flatten().InnerExceptions;
        return all.FirstOrDefault(one => one is DiagnosticException)
            ?? all.FirstOrDefault(one => one is not OperationCanceledException)
            ?? all[0];
    }
}
