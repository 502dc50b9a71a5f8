using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Projects;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild init</c>: a model project of a checkpoint.</summary>
internal static class InitCommand
{
    private static readonly Argument<string> Folder = new("dir") { Description = "Folder of the new project." };

    private static readonly Option<string> From =
        new("--from") { Description =
            "The checkpoint, in the original layout, that of the Diffusers library, or one file per expert: a folder, or "
                + "hf://owner/name@revision.",
            HelpName = "checkpoint", Required = true };

    private static readonly Option<string?> Name =
        new("--name") { Description = "Name of the project and of the model [default: the folder's].", HelpName = "name" };

    private static readonly Option<bool> Force = new("--force") { Description = "Replace files that are there." };

    public static Command Create(Session session)
    {
        var command =
            new Command("init", "Make a model project of a checkpoint: manifest, project file, and a calibration set to fill in.") { Folder,
                From, Name, Force };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            NewProject project =
                ProjectCreation.Write(new ProjectRequest(arguments.GetRequiredValue(Folder), arguments.GetRequiredValue(From),
                arguments.GetValue(Name), arguments.GetValue(Force)), SilentObserver.Instance, run.Cancellation);
            Print(project, run.Answer);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Print(NewProject project, TextWriter answer)
    {
        answer.WriteLine($"{project.Folder}: {string.Join(", ", project.Files)}");
        answer.WriteLine();
        answer.WriteLine($"The checkpoint is in the {project.Layout} layout:");
        foreach (ExpertPlan expert in project.Plan.Experts)
        {
            int quantized = expert.Layers.Count(layer => layer.Recipe.Precision != Precision.BF16);
            answer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {expert.Name}: {expert.Config.NumLayers} blocks of width {expert.Config.Dim}, {quantized} layers to quantize, "
                    + $"{expert.Timesteps.Length} of the {project.Plan.Calibration.Timesteps.Length} steps"));
            answer.WriteLine(
                $"    bins by timestep: "
                    + $"{string.Join(", ", expert.Bins.Select(bin => string.Create(CultureInfo.InvariantCulture, $"{bin.Name} {bin.MaxTimestep}-{bin.MinTimestep}")))}");
        }
        string folder = Quote(Shown(project.Folder));
        answer.WriteLine();
        string samples = project.Plan.Manifest.Model.Architecture.TakesPicture ? "pictures and prompts" : "prompts";
        answer.WriteLine($"Put {samples} into calibration.jsonl, as README.md says. Then:");
        answer.WriteLine(project.HasEncoders
            ? $"  quantbuild plan {Quote(Path.Combine(Shown(project.Folder), project.Name + ".quant.json"))}"
            : $"  quantbuild prepare {Quote(Path.Combine(Shown(project.Folder), "calibration.jsonl"))} --model <the checkpoint in the "
                + $"Diffusers layout: this one has no encoders>");
        answer.WriteLine($"  dotnet build {folder} -c Release");
    }

    /// <summary>A path as a person would type it here.</summary>
    private static string Shown(string path)
    {
        string relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), path);
        return relative.Length < path.Length ? relative : path;
    }

    private static string Quote(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path;
}
