using System.CommandLine;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Reporting;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild report</c>: the report page of a build, made from what the store has, or found beside an artifact.</summary>
internal static class ReportCommand
{
    private static readonly Argument<string?> Target = new("path")
    {
        Description = "The manifest, or an artifact's folder; left out, the only manifest of the current folder.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Out = new("--out")
    {
        Description =
            "Write the page to this file [default: <name>.report.html in the current folder; an artifact's page stays where it is].",
        HelpName = "file",
    };

    private static readonly Option<string?> Diff = new("--diff")
    {
        Description = "Compare the build with an earlier one, an artifact's folder or a lock file, on a page part of its own.",
        HelpName = "earlier",
    };

    private static readonly Option<bool> Open = new("--open") { Description = "Open the page in the browser." };

    public static Command Create(Session session)
    {
        var command =
            new Command("report", "Show what quantization did to a model: one HTML page, made from the store without building anything.")
        {
            Target,
            Out,
            Diff,
            Open,
            CommonOptions.Store,
            CommonOptions.Threads,
        };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            string? target = arguments.GetValue(Target);
            string? earlier = arguments.GetValue(Diff);
            if (earlier is not null && Directory.Exists(target))
                throw new UsageException("--diff goes with a manifest: the page of an artifact is written already.");
            if (arguments.GetValue(Open) && arguments.GetValue(Out) is { } named && !Desktop.CanOpen(named))
                throw new UsageException($"--open opens pages in the browser; '{named}' does not end in .html.");
            string page = target is not null && Directory.Exists(target)
                ? OfArtifact(target, arguments.GetValue(Out))
                : ModelCompiler.Report(new CompileOptions(CommonOptions.ManifestOf(target), arguments.GetValue(CommonOptions.Store),
                    arguments.GetValue(CommonOptions.Threads),
                    Hub: HubConnection.Access(run)),
                    arguments.GetValue(Out), earlier, run.Cancellation);
            run.Answer.WriteLine(page);
            if (arguments.GetValue(Open) && !Desktop.TryOpen(page))
                run.Console.Error.WriteLine("No browser could be started; open the file above yourself.");
            return ExitCode.Done;
        }));
        return command;
    }

    private static string OfArtifact(string folder, string? copyTo)
    {
        if (!ArtifactPath.IsArtifact(folder))
            throw new UsageException($"'{folder}' holds no artifact; name a manifest or an artifact's folder.");
        string page = ReportFile.Find(folder) ?? throw new DiagnosticException(Descriptors.ReportMissing.At(null, folder));
        if (copyTo is null)
            return page;
        copyTo = Path.GetFullPath(copyTo);
        OutputFile.Write(copyTo, File.ReadAllBytes(page));
        return copyTo;
    }
}
