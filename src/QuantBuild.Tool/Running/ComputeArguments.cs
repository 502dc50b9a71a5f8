using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.Tool.Running;

/// <summary>Where the arithmetic that a manifest asks for is found, for commands that compute with it.</summary>
internal static class ComputeArguments
{
    public static Option<string?> Torch { get; } = new("--torch")
    {
        Description = "For the arithmetic torch: a folder with libtorch 2.10, such as torch/lib of a Python install "
            + "[default: QUANTBUILD_TORCH, else the packages of the model project].",
        HelpName = "dir",
    };

    public static Option<ComputeBackend?> Compute { get; } = CommonOptions.OneOf(new Option<ComputeBackend?>("--compute")
    {
        Description = "What computes the video: cpu, the kernels of QuantBuild, or torch, the package QuantBuild.Compiler.Torch with a "
            + "libtorch [default: the manifest's compute.model, else what the artifact was made with, else cpu].",
        HelpName = "cpu|torch",
    });

    public static Option<string?> Device { get; } = DeviceOption();

    public static Option<long?> DeviceMemory { get; } = new("--device-memory")
    {
        Description =
            "Memory of the device to use, such as 24GiB [default: most of what it has]: weights of experts that do not fit stay in "
            + "their files and are streamed block by block. No result depends on it.",
        HelpName = "size",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            long? bytes = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                ? number
                : ByteSize.Parse(text);
            if (bytes is not > 0)
                result.AddError($"--device-memory takes a size such as 24GiB, not '{text}'.");
            return bytes;
        },
    };

    public static Option<string?> ProjectAssets { get; } = new("--project-assets")
    {
        Description = "The file project.assets.json of the model project, whose packages have the arithmetic "
            + "[default: obj/project.assets.json beside the manifest].",
        HelpName = "file",
    };

    /// <summary>Adds the options to a command.</summary>
    public static void AddTo(Command command)
    {
        command.Options.Add(Torch);
        command.Options.Add(Device);
        command.Options.Add(DeviceMemory);
        command.Options.Add(ProjectAssets);
    }

    /// <summary>Adds the options to a command whose results nothing keeps, and which may choose the arithmetic itself.</summary>
    public static void AddWithChoiceTo(Command command)
    {
        command.Options.Add(Compute);
        AddTo(command);
    }

    /// <summary>What a command line says; nothing where a command has no such options.</summary>
    public static ComputeOptions Of(ParseResult arguments) => arguments.CommandResult.Command.Options.Contains(Torch)
        ? new ComputeOptions
        {
            Library = arguments.GetValue(Torch),
            Device = arguments.GetValue(Device),
            DeviceMemory = arguments.GetValue(DeviceMemory),
            ProjectAssets = arguments.GetValue(ProjectAssets),
        }
        : ComputeOptions.Default;

    private static Option<string?> DeviceOption()
    {
        var option = new Option<string?>("--device")
        {
            Description = "The device that the arithmetic uses, such as cuda:1: in a build of the kind that the manifest names, for a "
                + "video of either [default: QUANTBUILD_DEVICE, else the first of that kind]. Which of several equal ones it is changes "
                + "no result.",
            HelpName = "name",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !IsDevice(result.Tokens[0].Value))
                result.AddError($"--device takes cpu, cuda or, of several, cuda:1 and so on, not '{result.Tokens[0].Value}'.");
        });
        return option;
    }

    private static bool IsDevice(string text) => text is "" or "cpu" or "cuda"
        || (text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out _));
}
