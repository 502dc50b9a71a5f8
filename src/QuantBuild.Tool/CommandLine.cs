using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using QuantBuild.Tool.Commands;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool;

/// <summary>The commands of <c>quantbuild</c> and how they are run.</summary>
internal static class CommandLine
{
    /// <summary>A value that begins with @ is that value: only <see cref="ResponseFile"/> knows files of arguments.</summary>
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    /// <summary>Runs one command line and returns the exit code.</summary>
    public static int Run(string[] args, ToolConsole console, CancellationToken cancellation, CancellationToken parentGone = default)
    {
        try
        {
            args = ResponseFile.Expand(args);
        }
        catch (UsageException mistake)
        {
            console.Error.WriteLine(mistake.Message);
            return ExitCode.Usage;
        }
        ParseResult parsed = Create(new Session(console, cancellation, parentGone)).Parse(args, Parsing);
        if (parsed.Action is ParseErrorAction wrong)
            wrong.ShowHelp = args.Length == 0;
        int code = parsed.Invoke(new InvocationConfiguration
        {
            Output = console.Out,
            Error = console.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
        return parsed.Action is ParseErrorAction ? ExitCode.Usage : code;
    }

    /// <summary>
    /// A plain command as the root: a <see cref="RootCommand"/> would call itself after the assembly, not after the tool.
    /// </summary>
    private static Command Create(Session session) =>
        new("quantbuild",
            "Quantizes diffusion models as a build step: from a checkpoint and a manifest to a W4A4 artifact, doing only the work that "
                + "changed.")
    {
        new HelpOption(),
        new VersionOption(),
        CommonOptions.Verbose,
        InitCommand.Create(session),
        DoctorCommand.Create(session),
        ExplainCommand.Create(session),
        BuildCommand.Create(session),
        CiCommand.Create(session),
        WorkCommand.Create(session),
        SubmitCommand.Create(session),
        PlanCommand.Create(session),
        WhyCommand.Create(session),
        GatesCommand.Create(session),
        DiffCommand.Create(session),
        SuggestCommand.Create(session),
        InspectCommand.Create(session),
        ReportCommand.Create(session),
        VerifyCommand.Create(session),
        EvalCommand.Create(session),
        PrepareCommand.Create(session),
        ActivationsCommand.Create(session),
        SignCommand.Create(session),
        PushCommand.Create(session),
        PullCommand.Create(session),
        GenerateCommand.Create(session),
        CompareCommand.Create(session),
        CacheCommand.Create(session),
    };
}
