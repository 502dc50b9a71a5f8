using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Ci;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Reporting;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Logging;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild ci</c>: a locked build that tells the CI system what it did, in the words of that system.</summary>
internal static class CiCommand
{
    private static readonly Option<string> Out = new("--out") { Description = "Folder for the artifact.", HelpName = "dir",
        Required = true };

    private static readonly Option<bool> Unlocked =
        new("--unlocked") { Description = "Write the lock file instead of failing when the result differs from it." };

    private static readonly Option<string?> Upload = new("--upload")
    {
        Description = "Keep the artifact with the run under this name; on Azure Pipelines. On GitHub a step of the workflow does it.",
        HelpName = "name",
    };

    public static Command Create(Session session)
    {
        var command =
            new Command("ci",
                "Build as continuous integration does: locked, with annotations, a summary, outputs and checksums for GitHub Actions "
                    + "and Azure Pipelines.")
        {
            CommonOptions.Manifest, Out, CommonOptions.Store, RemoteOptions.Remote, RemoteOptions.ReadOnly, RemoteOptions.Required,
                CommonOptions.Threads,
                CommonOptions.Memory, Unlocked,
                CommonOptions.HardLinks, CommonOptions.Force, Upload,
        };
        ComputeArguments.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            CompileOptions options = CommonOptions.Compile(arguments, run, locked: !arguments.GetValue(Unlocked)) with
            {
                HardLinks = arguments.GetValue(CommonOptions.HardLinks),
                Force = arguments.GetValue(CommonOptions.Force),
            };
            ICiSystem? system = CiSystems.Detect(Environment.GetEnvironmentVariable, run.Console.Commands);
            return Build(run, options, arguments.GetRequiredValue(Out), arguments.GetValue(Upload), system);
        }));
        return command;
    }

    private static int Build(CommandRun run, CompileOptions options, string output, string? upload, ICiSystem? system)
    {
        var collected = new CollectedDiagnostics();
        string report = ReportFile.In(output, options.Manifest);
        try
        {
            system?.BeginLog($"quantbuild {Path.GetFileName(options.Manifest)}");
            CompileResult result;
            try
            {
                using var log = new PlainLog(run.Console.Out, run.Console.Error, run.Verbose);
                result = ModelCompiler.Build(options with { Report = report }, output, system is null
                    ? log
                    : new Forwarding(log, collected), run.Cancellation);
            }
            finally
            {
                run.Console.Error.Flush();
                system?.EndLog();
            }
            ImmutableArray<(string Path, long Size, string Digest)> sums = ArtifactSums.Of(result.Directory);
            ArtifactSums.Write(result.Directory, sums);
            foreach (Diagnostic warning in collected.All)
                system?.Annotate(warning);
            Tell(system, result, report, sums, collected.All);
            if (upload is not null && system is not null && !system.Upload(upload, result.Directory, 
                [.. sums.Select(file => file.Path), ArtifactSums.FileName, .. File.Exists(report)
                    ? (string[])[Path.GetFileName(report)]
                    : []]))
                run.Console.Error.WriteLine($"{system.Name} keeps files with a step of its own: see docs/ci");
            BuildCommand.Summarize(result, report, run.Answer);
            return ExitCode.Done;
        }
        catch (DiagnosticException failure) when (system is not null)
        {
            Diagnostic[] all = [.. collected.All, .. failure.Diagnostics];
            foreach (Diagnostic diagnostic in all)
                system.Annotate(diagnostic);
            system.AddSummary(BuildSummary.OfFailure(options.Manifest, all));
            return ExitCode.Failed;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, output);
        }
    }

    private static void Tell(ICiSystem? system, CompileResult result, string report,
        ImmutableArray<(string Path, long Size, string Digest)> sums, IReadOnlyList<Diagnostic> warnings)
    {
        if (system is null)
            return;
        system.AddSummary(BuildSummary.Of(result, sums, warnings));
        int ran = result.Actions.Count(action => action.Outcome == ActionOutcome.Ran);
        foreach ((string name, string value) in (IEnumerable<(string, string)>)[
            ("name", result.Name),
            ("artifact", result.Directory),
            ("digest", sums.Single(file => file.Path == ArtifactFolder.DescriptorName).Digest),
            ("size", result.Bytes.ToString(CultureInfo.InvariantCulture)),
            ("ran", ran.ToString(CultureInfo.InvariantCulture)),
            ("cached", (result.Actions.Count - ran).ToString(CultureInfo.InvariantCulture)),
            ("lock", result.LockFile),
            ("report", report),
            ("sums", Path.Combine(result.Directory, ArtifactSums.FileName))])
        {
            system.SetOutput(name, value);
        }
    }

    /// <summary>Diagnostics are kept until commands are understood again.</summary>
    private sealed class CollectedDiagnostics
    {
        private readonly Lock _gate = new();
        private readonly List<Diagnostic> _all = [];

        public IReadOnlyList<Diagnostic> All => _all;

        public void Add(Diagnostic diagnostic)
        {
            lock (_gate)
                _all.Add(diagnostic);
        }
    }

    private sealed class Forwarding(IBuildObserver log, CollectedDiagnostics collected) : IBuildObserver
    {
        public void PhaseStarted(string name, int actions) => log.PhaseStarted(name, actions);

        public void ActionStarted(ActionSpec action) => log.ActionStarted(action);

        public void ActionFinished(ActionEvent action) => log.ActionFinished(action);

        public void Waiting(ActionSpec action) => log.Waiting(action);

        public void Report(Diagnostic diagnostic) => collected.Add(diagnostic);
    }
}
