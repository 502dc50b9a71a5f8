using System.CommandLine;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Operations;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild activations</c>: what calibration records, as files.</summary>
internal static class ActivationsCommand
{
    private static readonly Option<string> Out = new("--out") { Description = "Folder for the files.", HelpName = "dir", Required = true };

    public static Command Create(Session session)
    {
        var command =
            new Command("activations",
                "Run the calibration of a manifest and write what it records to files, one per sample; calibration.activations reads them.")
        {
            CommonOptions.Manifest,
            Out,
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
            CompileOptions options = CommonOptions.Compile(arguments, run);
            IReadOnlyList<string> files =
                run.Observe(observer =>
                    ModelCompiler.ExportActivations(options, arguments.GetRequiredValue(Out), observer, run.Cancellation));
            run.Answer.WriteLine(
                $"{Path.GetDirectoryName(files[0])}: {files.Count} samples, {Quantity.Size(files.Sum(file => new FileInfo(file).Length))}");
            return ExitCode.Done;
        }));
        return command;
    }
}
