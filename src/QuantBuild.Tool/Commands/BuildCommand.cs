using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Ci;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Reporting;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild build</c>: from a manifest to an artifact.</summary>
internal static class BuildCommand
{
    /// <summary>Where a build can stop.</summary>
    private enum Phase
    {
        Fetch,
        Calibrate,
    }

    private static readonly Option<string> Out = new("--out") { Description = "Folder for the artifact.", HelpName = "dir",
        Required = true };

    private static readonly Option<bool> Locked = new("--locked")
    {
        Description = "Fail when the result differs from the lock file beside the manifest, as a CI build should.",
    };

    private static readonly Option<string?> Inputs = new("--inputs-file")
    {
        Description = "Write the list of files that the build read to this file, one per line; for build systems.",
        HelpName = "file",
    };

    private static readonly Option<string?> Outputs = new("--outputs-file")
    {
        Description = "Write the list of files of the artifact to this file, one per line; for build systems.",
        HelpName = "file",
    };

    private static readonly Option<string?> Summary = new("--summary")
    {
        Description = "Append what was built, what came from the store and what was measured to this file, as Markdown.",
        HelpName = "file",
    };

    private static readonly Option<Phase?> Until = CommonOptions.OneOf(new Option<Phase?>("--until")
    {
        Description =
            "Stop early: when the checkpoint was fetched from the Hub, or after calibration, whose results are then in the store. The "
                + "next build goes on there; nothing is written to --out.",
        HelpName = "fetch|calibrate",
    });

    private static readonly Option<string?> Report = new("--report-file")
    {
        Description =
            "Write the report page to this file [default: <name>.report.html in the artifact's folder]; see also: quantbuild report.",
        HelpName = "file",
    };

    private static readonly Option<bool> NoReport = new("--no-report") { Description = "Write no report page." };

    public static Command Create(Session session)
    {
        var command = new Command("build", "Build the artifact of a manifest. Only what changed is done; the rest comes from the store.")
        {
            CommonOptions.Manifest,
            Out,
            CommonOptions.Store,
            RemoteOptions.Remote,
            RemoteOptions.ReadOnly,
            RemoteOptions.Required,
            CommonOptions.Threads,
            CommonOptions.Memory,
            Locked,
            CommonOptions.HardLinks,
            CommonOptions.Force,
            CommonOptions.Log,
            Until,
            Inputs,
            Outputs,
            Report,
            NoReport,
            Summary,
        };
        ComputeArguments.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            CompileOptions options = CommonOptions.Compile(arguments, run, arguments.GetValue(Locked)) with
            {
                Drain = run.ParentGone,
                HardLinks = arguments.GetValue(CommonOptions.HardLinks),
                Force = arguments.GetValue(CommonOptions.Force),
                Lists = [.. new[] { arguments.GetValue(Inputs), arguments.GetValue(Outputs), arguments.GetValue(Summary) }.OfType<string>()
                    .Where(path => path.Length > 0)],
            };
            if (arguments.GetValue(Until) == Phase.Fetch)
            {
                CheckpointLocation found = run.Observe(observer => ModelCompiler.Fetch(options, observer, run.Cancellation));
                run.Answer.WriteLine(found.HeadersOnly
                    ? $"{found.Repository} (commit {found.Commit![..12]}) need not be fetched: the artifact is published"
                    : found.Commit is { } commit
                    ? $"{found.Repository} (commit {commit[..12]}) is in {found.Folder}"
                    : $"{found.Folder} is on this machine");
                return ExitCode.Done;
            }
            if (arguments.GetValue(Until) == Phase.Calibrate)
            {
                CalibrationResult calibrated = run.Observe(observer => ModelCompiler.Calibrate(options, observer, run.Interruption));
                FileList.Write(arguments.GetValue(Inputs), calibrated.Inputs);
                run.Answer.WriteLine(Tally(calibrated.Name + " calibrated", calibrated.Actions));
                return ExitCode.Done;
            }
            string output = arguments.GetRequiredValue(Out);
            string? report = arguments.GetValue(NoReport) ? null
                : arguments.GetValue(Report) is { } named ? Path.GetFullPath(named) : ReportFile.In(output, options.Manifest);
            CompileResult result =
                run.Observe(observer => ModelCompiler.Build(options with { Report = report }, output, observer, run.Interruption));
            FileList.Write(arguments.GetValue(Inputs), result.Inputs);
            FileList.Write(arguments.GetValue(Outputs), OutputFile.IsFile(report) ? [.. result.Outputs, report!] : result.Outputs);
            if (arguments.GetValue(Summary) is { Length: > 0 } summary)
                OutputFile.Append(summary, BuildSummary.Of(result, ArtifactSums.Of(result.Directory), []) + "\n");
            Summarize(result, report, run.Answer);
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary>Says in a few lines what was built.</summary>
    public static void Summarize(CompileResult result, string? report, TextWriter answer)
    {
        answer.WriteLine(result.PulledFrom is { } source
            ? $"{result.Name}: pulled from {source}, nothing computed"
            : Tally(result.Name, result.Actions));
        answer.WriteLine(Line($"  artifact  {result.Directory} ({Quantity.Size(result.Bytes)})"));
        if (result.Layers.Count > 0)
        {
            double recipe = result.Layers.Average(layer => layer.Recipe);
            double nearest = result.Layers.Average(layer => layer.Rtn);
            answer.WriteLine(Line($"  quality   {result.Layers.Count} layers, mean output error {recipe:0.0000}; ")
                + Line($"rounding to nearest alone {nearest:0.0000}"));
        }
        answer.WriteLine(Line($"  lock      {result.LockFile} ({(result.LockChanged ? "changed" : "unchanged")})"));
        if (OutputFile.IsFile(report))
            answer.WriteLine(Line($"  report    {report}"));
    }

    private static string Tally(string subject, IReadOnlyList<ActionEvent> actions)
    {
        int ran = actions.Count(action => action.Outcome == ActionOutcome.Ran);
        return Line($"{subject}: {Quantity.Count(ran, "action")} ran, {actions.Count - ran} came from the store");
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
