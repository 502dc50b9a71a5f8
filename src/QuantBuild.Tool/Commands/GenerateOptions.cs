using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Sources;
using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;
using QuantBuild.Sampling;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary>The options of commands that make videos, and what they mean together.</summary>
internal static class GenerateOptions
{
    // As in a manifest.
    private const int MostGuidance = 100;

    public static Option<string> Model { get; } =
        new("--model") { Description =
            "Folder of the checkpoint or of a model project, or a repository of the Hub, hf://owner/name@revision.", HelpName = "dir|hf://",
            Required = true };

    public static Option<string> Image { get; } = new("--image") { Description = "The first frame, a PNG, JPEG, WebP, GIF or BMP file.",
        HelpName = "file", Required = true };

    public static Option<string> Prompt { get; } = new("--prompt") { Description = "What happens in the video.", HelpName = "text",
        Required = true };

    public static Option<string?> Sheet { get; } =
        new("--sheet") { Description = "Also write a contact sheet of eight frames to this PNG file.", HelpName = "file" };

    public static Option<int> FramesPerSecond { get; } =
        CommonOptions.Between(1, 1000,
            new Option<int>("--fps") { Description = "Frames per second of the file.", HelpName = "n", DefaultValueFactory = _ => 16 });

    private static readonly Option<string> Negative = new("--negative") { Description = "What guidance leads away from.", HelpName = "text",
        DefaultValueFactory = _ => "" };

    private static readonly Option<int> Frames =
        CommonOptions.AtLeast(1,
            new Option<int>("--frames") { Description = "Frames, one more than a multiple of four.", HelpName = "n",
                DefaultValueFactory = _ => 81 });

    private static readonly Option<string> Size = new("--size")
    {
        Description = "Width and height; their product counts, the picture gives the aspect.", HelpName = "WxH", DefaultValueFactory = _ =>
            "832x480",
    };

    private static readonly Option<long> Seed = new("--seed") { Description = "Seed of the noise.", HelpName = "n",
        DefaultValueFactory = _ => 42 };

    private static readonly Option<int?> Steps =
        CommonOptions.Between(1, 1000,
            new Option<int?>("--steps") { Description = "Denoising steps [default: those of the artifact's calibration, else 40].",
                HelpName = "n" });

    private static readonly Option<double?> Shift =
        CommonOptions.Between(0.01, 100,
            new Option<double?>("--shift") { Description =
                "Shift of the noise schedule [default: that of the artifact's calibration, else 5].", HelpName = "x" });

    private static readonly Option<string> Guidance = new("--guidance")
    {
        Description =
            "Scale of classifier-free guidance, 1 for none; two with a comma between are those of the high-noise and the low-noise expert.",
            HelpName = "x|high,low", DefaultValueFactory = _ => "3.5",
    };

    private static readonly Option<SolverKind> Solver = new("--solver") { Description = "Solver.", HelpName = "unipc|euler" };

    private static readonly Option<ExpertMemory> Memory = new("--memory")
    {
        Description = "What is kept of the experts: one at a time, both, or none, which reads weights on every step.",
            HelpName = "one|both|none",
    };

    private static readonly Option<int?> Tile = CommonOptions.AtLeast(VaeConfig.SpatialStride, new Option<int?>("--vae-tile")
    {
        Description =
            "Let the autoencoder work on overlapping tiles of this many pixels, a multiple of 8, such as 256: less memory, slightly "
                + "other frames [default: whole frames].", HelpName = "pixels",
    });

    /// <summary>Adds all options to a command.</summary>
    public static void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Model, Image, Prompt, Negative, Frames, Size, Seed, Steps, Shift, Guidance, Solver, Memory,
            Tile, Sheet, FramesPerSecond, CommonOptions.Threads])
            command.Options.Add(option);
    }

    /// <summary>How the video is made.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="checkpoint">Folder of the checkpoint, which may say where its experts switch.</param>
    /// <param name="artifact">The artifact that gives the boundary, and whose calibration gives defaults; null for none.</param>
    /// <exception cref="UsageException">The size or the guidance is none, or a prompt is not UTF-8.</exception>
    /// <exception cref="InvalidDataException">The checkpoint's <c>model_index.json</c> is damaged.</exception>
    public static GenerationOptions Of(ParseResult arguments, string checkpoint, ModelArtifact? artifact)
    {
        RequireWhole(Prompt, arguments);
        RequireWhole(Negative, arguments);
        (double high, double low) = Scales(arguments.GetValue(Guidance)!);
        int threads = arguments.GetValue(CommonOptions.Threads);
        return new GenerationOptions
        {
            Frames = arguments.GetValue(Frames),
            Area = Area(arguments.GetValue(Size)!),
            Seed = arguments.GetValue(Seed),
            NegativePrompt = arguments.GetValue(Negative)!,
            Sampling = new SamplingOptions
            {
                Steps = arguments.GetValue(Steps) ?? artifact?.Descriptor.Sampling.Steps ?? 40,
                Shift = arguments.GetValue(Shift) ?? artifact?.Descriptor.Sampling.Shift ?? 5,
                Solver = arguments.GetValue(Solver),
                Boundary = artifact?.Descriptor.Boundary
                    ?? (PipelineIndex.BoundaryOf(checkpoint) is { } fraction
                        ? ModelSection.TimestepAt(fraction)
                        : new SamplingOptions().Boundary),
                GuidanceHigh = high,
                GuidanceLow = low,
                Threads = threads == 0 ? Environment.ProcessorCount : threads,
            },
        };
    }

    /// <summary>A pipeline over a checkpoint.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="checkpoint">Folder of the checkpoint.</param>
    /// <param name="artifact">The artifact whose experts are used; null for those of the checkpoint.</param>
    public static WanImageToVideoPipeline Open(ParseResult arguments, string checkpoint, ModelArtifact? artifact) =>
        new(checkpoint, artifact, arguments.GetValue(Memory), Tiling(arguments));

    /// <summary>Warns of prompts that are cut off.</summary>
    public static void CheckPrompts(WanImageToVideoPipeline pipeline, ParseResult arguments, GenerationOptions options, CommandRun run)
    {
        PromptLength.Check(pipeline, "--prompt", arguments.GetValue(Prompt)!, place: null, run);
        PromptLength.Check(pipeline, "--negative", options.NegativePrompt, place: null, run);
    }

    private static VaeTiling? Tiling(ParseResult arguments) => arguments.GetValue(Tile) is { } size
        ? new VaeTiling(size, size / 4 / VaeConfig.SpatialStride * VaeConfig.SpatialStride)
        : null;

    /// <summary>Refuses a text in which the system's decoding of the command line left U+FFFD for what it could not read.</summary>
    private static void RequireWhole(Option<string> option, ParseResult arguments)
    {
        if (arguments.GetValue(option)!.Contains('\uFFFD', StringComparison.Ordinal))
            throw new UsageException($"{option.Name} is not UTF-8: some of its characters were lost.");
    }

    private static (double High, double Low) Scales(string guidance)
    {
        double[] scales =
            [.. guidance.Split(',')
                .Select(part => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double scale)
                    && scale is >= 0 and <= MostGuidance ? scale : double.NaN)];
        return scales.Length is 1 or 2 && !scales.Any(double.IsNaN)
            ? (scales[0], scales[^1])
            : throw new UsageException($"--guidance is '{guidance}'; it must be a number from 0 to {MostGuidance}, or two such as 3.5,3.");
    }

    private static int Area(string size)
    {
        string[] parts = size.Split('x');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && width is > 0 and <= 1 << 14
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int height) && height is > 0 and <= 1 << 14
            ? width * height
            : throw new UsageException($"--size is '{size}'; it must be width and height, such as 832x480.");
    }
}
