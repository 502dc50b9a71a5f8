using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Clusters;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild submit</c>: writes what a scheduler reads, for several workers.</summary>
internal static class SubmitCommand
{
    private enum Target
    {
        Slurm,
        Kubernetes,
        GitHub,
        Azure,
    }

    private static readonly Argument<Target> Scheduler = new("scheduler") { Description = "slurm, kubernetes, github or azure." };

    private static readonly Option<int> Shards = CommonOptions.AtLeast(1, new Option<int>("--shards")
    {
        Description = "Workers.", HelpName = "n", Required = true,
    });

    private static readonly Option<string> Out = new("--out") { Description = "Folder for the artifact, as the workers see it.",
        HelpName = "dir", Required = true };

    private static readonly Option<string?> To = new("--to")
    {
        Description = "Folder for the files [default: .github/workflows for github, else quantbuild-<scheduler>].", HelpName = "dir",
    };

    private static readonly Option<string?> Tool = new("--tool")
    {
        Description = "How workers start the tool [default: this one for slurm, dotnet quantbuild for github and azure, else quantbuild].",
        HelpName = "command",
    };

    private static readonly Option<string?> Image = new("--image") { Description = "Image with the tool, for kubernetes.",
        HelpName = "name" };

    private static readonly Option<bool> RunIt = new("--run") { Description = "Submit the jobs; for slurm." };

    private static readonly Option<bool> WaitForIt =
        new("--wait") { Description = "Submit them, and follow them to their end; for slurm." };

    public static Command Create(Session session)
    {
        var command = new Command("submit", "Write what a scheduler reads to build on several machines: workers that calibrate, then "
            + "workers that build layers, then a job that packs.")
        {
            Scheduler, CommonOptions.Manifest, Shards, Out, To, CommonOptions.Store, RemoteOptions.Remote, Tool, Image, RunIt, WaitForIt,
        };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            Target target = arguments.GetValue(Scheduler);
            bool waits = arguments.GetValue(WaitForIt), runs = arguments.GetValue(RunIt) || waits;
            if (runs && target != Target.Slurm)
                throw new UsageException("--run and --wait are for slurm; the others start what lies where they look for it.");
            if (target == Target.GitHub && arguments.GetValue(Shards) > MatrixWorkflows.MostOnGitHub)
                throw new UsageException($"A matrix on GitHub has {MatrixWorkflows.MostOnGitHub} jobs at most.");
            ManifestReadResult read = ManifestReader.Read(CommonOptions.ManifestOf(arguments.GetValue(CommonOptions.Manifest)));
            if (read.Manifest is not { } manifest)
                throw new DiagnosticException(read.Diagnostics);
            string folder = Path.GetFullPath(arguments.GetValue(To)
                ?? (target == Target.GitHub ? Path.Combine(".github", "workflows") : $"quantbuild-{target.ToString().ToLowerInvariant()}"));
            IReadOnlyList<ClusterFile> files = Files(arguments, target, manifest, folder);
            Directory.CreateDirectory(folder);
            foreach (ClusterFile file in files)
            {
                string path = Path.Combine(folder, file.Name);
                OutputFile.Write(path, file.Text);
                if (file.Name.EndsWith(".sh", StringComparison.Ordinal) && !OperatingSystem.IsWindows())
                    File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute);
                run.Answer.WriteLine(path);
            }
            return runs ? SlurmRun.Submit(folder, waits, run) : ExitCode.Done;
        }));
        return command;
    }

    private static IReadOnlyList<ClusterFile> Files(ParseResult arguments, Target target, QuantManifest manifest, string folder)
    {
        bool here = target == Target.Slurm;
        string Seen(string path) => here ? Path.GetFullPath(path) : path.Replace('\\', '/');
        var build = new ClusterBuild(NameOf(manifest.Name),
            Seen(arguments.GetValue(CommonOptions.Manifest) ?? Path.GetFileName(manifest.Path)),
            arguments.GetValue(Shards), Seen(arguments.GetRequiredValue(Out)), arguments.GetValue(Tool) ?? target switch
            {
                Target.Slurm => ThisTool(),
                Target.Kubernetes => "quantbuild",
                _ => "dotnet quantbuild",
            }, manifest.Compute.Device != ComputeDevice.Cpu && manifest.Compute != ComputeSection.Default)
        {
            Store = arguments.GetValue(CommonOptions.Store) is { } store ? Seen(store) : null,
            Remote = arguments.GetValue(RemoteOptions.Remote),
        };
        return target switch
        {
            Target.Slurm => SlurmScripts.Of(build, folder),
            Target.Kubernetes => KubernetesJobs.Of(build, arguments.GetValue(Image)
                ?? throw new UsageException("Name an image with the tool: --image.")),
            Target.GitHub => [MatrixWorkflows.GitHub(build)],
            _ => [MatrixWorkflows.Azure(build)],
        };
    }

    /// <summary>A name that jobs may have: RFC 1123.</summary>
    private static string NameOf(string name)
    {
        string plain = string.Concat(name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
        return plain.Length == 0 ? "model" : plain[..Math.Min(plain.Length, 30)].Trim('-');
    }

    private static string ThisTool()
    {
        string program = Environment.ProcessPath ?? "quantbuild", library = typeof(SubmitCommand).Assembly.Location;
        return string.Equals(Path.GetFileNameWithoutExtension(program), "dotnet", StringComparison.OrdinalIgnoreCase) && library.Length > 0
            ? $"{ClusterBuild.Quoted(program)} {ClusterBuild.Quoted(library)}"
            : ClusterBuild.Quoted(program);
    }
}
