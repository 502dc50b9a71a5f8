using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Tool.Logging;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Running;

/// <summary>One command at work.</summary>
/// <param name="session">Console and interruption.</param>
/// <param name="format">Form of the log.</param>
/// <param name="verbose">Whether to say more.</param>
/// <param name="answersJson">Whether standard output belongs to a JSON answer.</param>
/// <param name="cancellation">Ends the work.</param>
internal sealed class CommandRun(Session session, LogFormat format, bool verbose, bool answersJson, CancellationToken cancellation)
{
    /// <summary>Where to write.</summary>
    public ToolConsole Console => session.Console;

    /// <summary>Ends the work: somebody interrupted it, or the build that it is for is gone.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Somebody interrupted the work. For commands that end by themselves soon after the build is gone.</summary>
    public CancellationToken Interruption => session.Interruption;

    /// <summary>The build that the work is for is gone.</summary>
    public CancellationToken ParentGone => session.ParentGone;

    /// <summary>Whether details and stack traces are wanted.</summary>
    public bool Verbose => verbose;

    /// <summary>Where the answer goes: standard output, unless that carries a JSON log.</summary>
    public TextWriter Answer => format == LogFormat.Json ? Console.Error : Console.Out;

    /// <summary>Does work under the eyes of the log that was asked for.</summary>
    public T Observe<T>(Func<IBuildObserver, T> work)
    {
        switch (format)
        {
            case LogFormat.Json:
                return work(new JsonLog(Console.Out));
            case LogFormat.Text when Console.Progress is { } terminal && !verbose:
                using (var live = new LiveLog(terminal, Report, Cancellation))
                    return work(live);
            default:
                using (var plain = new PlainLog(Diagnostics, Console.Error, verbose, nested: ParentGone.CanBeCanceled))
                    return work(plain);
        }
    }

    /// <summary>Writes a diagnostic.</summary>
    public void Report(Diagnostic diagnostic)
    {
        if (format == LogFormat.Json)
            new JsonLog(Console.Out).Report(diagnostic);
        else
            DiagnosticLines.Write(Diagnostics, diagnostic, verbose);
    }

    /// <summary>Writes diagnostics that an answer comes with, and returns the exit code that they imply.</summary>
    public int Report(IReadOnlyList<Diagnostic> diagnostics)
    {
        foreach (Diagnostic diagnostic in diagnostics)
            Report(diagnostic);
        return diagnostics.Any(diagnostic => diagnostic.Descriptor.Severity == Severity.Error) ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>Standard output, where MSBuild and CI systems look for them, unless that would spoil an answer.</summary>
    private TextWriter Diagnostics => answersJson ? Console.Error : Console.Out;
}
