using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Sources;
using QuantBuild.Imaging;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
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
            "Folder of the checkpoint or of a model project, its manifest, or a repository of the Hub, hf://owner/name@revision.",
            HelpName = "dir|hf://",
            Required = true };

    private static readonly Option<string?> FirstPicture = new("--image")
    {
        Description = "The first frame, a PNG, JPEG, WebP, GIF or BMP file; text-to-video models take none.", HelpName = "file",
    };

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
        Description = "Width and height; with a picture their product counts, and the picture gives the aspect.", HelpName = "WxH",
            DefaultValueFactory = _ =>
            "832x480",
    };

    private static readonly Option<long> Seed = new("--seed") { Description = "Seed of the noise.", HelpName = "n",
        DefaultValueFactory = _ => 42 };

    private static readonly Option<int?> Steps =
        CommonOptions.Between(1, 1000,
            new Option<int?>("--steps") { Description =
                "Denoising steps [default: those of the artifact's or the manifest's calibration, else 40].",
                HelpName = "n" });

    private static readonly Option<double?> Shift =
        CommonOptions.Between(0.01, 100,
            new Option<double?>("--shift") { Description =
                "Shift of the noise schedule [default: that of the artifact's or the manifest's calibration, else the model's, 5 or 12].",
                HelpName = "x" });

    private static readonly Option<string?> Guidance = new("--guidance")
    {
        Description =
            "Scale of classifier-free guidance, 1 for none; two with a comma between are those of the high-noise and the low-noise expert "
                + "[default: 1 with explicit timesteps, of the command or of calibration, else the model's, 3.5 or 4,3].",
            HelpName = "x|high,low",
    };

    private static readonly Option<SolverKind?> Solver = CommonOptions.OneOf(new Option<SolverKind?>("--solver")
    {
        Description = "Solver [default: that of the artifact's or the manifest's calibration, else unipc].", HelpName = "unipc|euler|lcm",
    });

    private static readonly Option<string?> Timesteps = new("--timesteps")
    {
        Description = "Timesteps to visit, falling, with commas between, for models distilled to a few steps; in place of --steps and "
            + "--shift [default: those of the artifact's or the manifest's calibration, if it has some].", HelpName = "t,t,…",
    };

    private static readonly Option<ExpertMemory> Memory = CommonOptions.OneOf(new Option<ExpertMemory>("--memory")
    {
        Description = "What is kept of the experts: one at a time, both, or none, which reads weights on every step.",
            HelpName = "one|both|none",
    });

    private static readonly Option<int?> Tile = CommonOptions.AtLeast(VaeConfig.SpatialStride, new Option<int?>("--vae-tile")
    {
        Description =
            "Let the autoencoder work on overlapping tiles of this many pixels, a multiple of 8, such as 256: less memory, slightly "
                + "other frames [default: whole frames].", HelpName = "pixels",
    });

    /// <summary>Adds all options to a command.</summary>
    public static void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Model, FirstPicture, Prompt, Negative, Frames, Size, Seed, Steps, Shift, Timesteps, Guidance,
            Solver,
            Memory,
            Tile, Sheet, FramesPerSecond, CommonOptions.Threads])
            command.Options.Add(option);
    }

    /// <summary>The first frame; null for a model that takes none.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="architecture">The model.</param>
    /// <exception cref="DiagnosticException">There is one where the model takes none (QB2026), or none where it does (QB2027).</exception>
    public static Image? Picture(ParseResult arguments, WanArchitecture architecture) =>
        (arguments.GetValue(FirstPicture), architecture.TakesPicture) switch
        {
            ({ } file, true) => Imaging.Image.Load(file),
            ({ } file, false) => throw new DiagnosticException(Descriptors.PictureRefused.At(null, file)),
            (null, true) => throw new DiagnosticException(Descriptors.PictureMissing.At(null)),
            (null, false) => null,
        };

    /// <summary>How the video is made.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="model">The model: its checkpoint or manifest may say where its experts switch.</param>
    /// <param name="architecture">What it is, which gives defaults.</param>
    /// <param name="artifact">The artifact that gives the boundary, and whose calibration gives defaults; null for none.</param>
    /// <exception cref="UsageException">The size or the guidance is none, or a prompt is not UTF-8.</exception>
    /// <exception cref="InvalidDataException">The checkpoint's <c>model_index.json</c> is damaged.</exception>
    public static GenerationOptions Of(ParseResult arguments, NamedModel model, WanArchitecture architecture, ModelArtifact? artifact)
    {
        RequireWhole(Prompt, arguments);
        RequireWhole(Negative, arguments);
        SamplingOptions usual = Usual(model, architecture, artifact), schedule = Schedule(arguments, usual);
        (double high, double low) = arguments.GetValue(Guidance) is { } guidance ? Scales(guidance)
            // A model that was trained for explicit timesteps was trained without guidance, on whatever schedule it is tried.
            : !schedule.Timesteps.IsEmpty || !usual.Timesteps.IsEmpty ? (1, 1)
            : (architecture.GuidanceHigh, architecture.GuidanceLow);
        int threads = arguments.GetValue(CommonOptions.Threads);
        (int width, int height) = SizeOf(arguments.GetValue(Size)!);
        return new GenerationOptions
        {
            Frames = arguments.GetValue(Frames),
            Width = width,
            Height = height,
            Seed = arguments.GetValue(Seed),
            NegativePrompt = arguments.GetValue(Negative)!,
            Sampling = schedule with
            {
                GuidanceHigh = high,
                GuidanceLow = low,
                Threads = threads == 0 ? Environment.ProcessorCount : threads,
            },
        };
    }

    /// <summary>Says which schedule is used, and warns when it is not the one that an artifact's activations were measured on.</summary>
    public static void ReportSchedule(GenerationOptions options, ModelArtifact? artifact, CommandRun run)
    {
        SamplingOptions used = options.Sampling;
        run.Console.Error.WriteLine(used.Timesteps.IsEmpty
            ? string.Create(CultureInfo.InvariantCulture, $"{Names(used)}, {used.Steps} steps, shift {used.Shift}, guidance {Guided(used)}")
            : string.Create(CultureInfo.InvariantCulture,
                $"{Names(used)}, timesteps {string.Join(", ", used.Timesteps)}, guidance {Guided(used)}"));
        if (artifact is null)
            return;
        SamplingOptions calibrated = SamplingOptions.Of(artifact.Descriptor.Sampling);
        if (!calibrated.Schedule().Timesteps.SequenceEqual(used.Schedule().Timesteps))
        {
            run.Report(Descriptors.OtherSchedule.At(null, calibrated.Schedule().Timesteps.Count, calibrated.Timesteps.IsEmpty
                ? string.Create(CultureInfo.InvariantCulture, $"shift {calibrated.Shift}")
                : $"timesteps {string.Join(", ", calibrated.Timesteps)}"));
        }
    }

    private static string Names(SamplingOptions options) => RecipeNames.Solver.NameOf(options.Solver);

    private static string Guided(SamplingOptions options) => options.GuidanceHigh == options.GuidanceLow
        ? options.GuidanceHigh.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{options.GuidanceHigh}, {options.GuidanceLow}");

    /// <summary>
    /// The schedule and the boundary that go without saying: the artifact's, else the manifest's, else those of the checkpoint's pipeline
    /// and of the model.
    /// </summary>
    private static SamplingOptions Usual(NamedModel model, WanArchitecture architecture, ModelArtifact? artifact) =>
        (artifact, model) switch
    {
        ({ } built, _) => SamplingOptions.Of(built.Descriptor.Sampling) with { Boundary = built.Descriptor.Boundary },
        (null, { Manifest: { } manifest }) => new SamplingOptions
        {
            Solver = manifest.Calibration.Solver,
            Steps = manifest.Calibration.Steps,
            Shift = manifest.Calibration.Shift,
            Timesteps = manifest.Calibration.Timesteps,
            Boundary = manifest.Model.BoundaryTimestep,
        },
        _ => SamplingOptions.Of(architecture) with
        {
            Boundary = PipelineIndex.BoundaryOf(model.Source.Checkpoint) is { } fraction
                ? ModelSection.TimestepAt(fraction)
                : architecture.BoundaryTimestep,
        },
    };

    /// <summary>A schedule with what the command line says in place.</summary>
    private static SamplingOptions Schedule(ParseResult arguments, SamplingOptions schedule)
    {
        (int? steps, double? shift) = (arguments.GetValue(Steps), arguments.GetValue(Shift));
        if (arguments.GetValue(Timesteps) is { } text)
        {
            if (steps is not null || shift is not null)
                throw new UsageException("--timesteps takes the place of --steps and --shift: give one or the other.");
            schedule = schedule with { Timesteps = TimestepsOf(text) };
        }
        else if (steps is not null || shift is not null)
        {
            schedule = schedule with { Timesteps = [], Steps = steps ?? schedule.Steps, Shift = shift ?? schedule.Shift };
        }
        return schedule with { Solver = arguments.GetValue(Solver) ?? schedule.Solver };
    }

    private static ImmutableArray<int> TimestepsOf(string text)
    {
        int[] timesteps = [.. text.Split(',')
            .Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0)];
        bool fall = timesteps.Zip(timesteps.Skip(1)).All(pair => pair.First > pair.Second);
        return fall && timesteps.All(value => value is >= 1 and <= ModelSection.MaxTimestep)
            ? [.. timesteps]
            : throw new UsageException(
                $"--timesteps is '{text}'; it must be whole numbers from 1 to 1000 that fall, such as 1000,937,833,625.");
    }

    /// <summary>A pipeline over a checkpoint.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="source">The checkpoint.</param>
    /// <param name="artifact">The artifact whose experts are used; null for those of the checkpoint.</param>
    /// <param name="compute">What computes; null for the processor's own kernels.</param>
    /// <param name="run">Told when experts do not fit a device.</param>
    public static VideoPipeline Open(ParseResult arguments, PipelineSource source, ModelArtifact? artifact, VideoCompute? compute,
        CommandRun run)
    {
        ExpertMemory memory = arguments.GetValue(Memory);
        if (compute?.Factory is { } factory)
        {
            WanConfig config = VideoPipeline.ConfigOf(source, artifact);
            return new VideoPipeline(source, artifact, compute.Fit(memory, config, run), Tiling(arguments), factory);
        }
        return new VideoPipeline(source, artifact, memory, Tiling(arguments));
    }

    /// <summary>Warns of prompts that are cut off.</summary>
    public static void CheckPrompts(VideoPipeline pipeline, ParseResult arguments, GenerationOptions options, CommandRun run)
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

    private static (int Width, int Height) SizeOf(string size)
    {
        string[] parts = size.Split('x');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && width is > 0 and <= 1 << 14
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int height) && height is > 0 and <= 1 << 14
            ? (width, height)
            : throw new UsageException($"--size is '{size}'; it must be width and height, such as 832x480.");
    }
}
