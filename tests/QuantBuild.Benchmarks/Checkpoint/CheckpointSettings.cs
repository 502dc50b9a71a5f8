using System.Globalization;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Benchmarks.Checkpoint;

/// <summary>What to build at the real widths, and under which limits.</summary>
/// <param name="Folder">
/// Where files go; 8 GB for two blocks. Kept when named, so that a second run goes on; else temporary and removed.
/// </param>
/// <param name="Limit">Memory limit of the build, as its option takes it.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Blocks">Blocks of each expert.</param>
/// <param name="Samples">Calibration samples.</param>
/// <param name="Steps">Sampler steps.</param>
/// <param name="TokensPerStep">Tokens kept per step.</param>
/// <param name="Frames">Latent frames.</param>
/// <param name="Side">Latent height and width.</param>
internal sealed record CheckpointSettings(string? Folder, string Limit, int Threads, int Blocks, int Samples, int Steps, int TokensPerStep,
    int Frames, int Side)
{
    /// <summary>Reads the command line; null when it makes no sense.</summary>
    public static CheckpointSettings? Parse(IReadOnlyList<string> args)
    {
        var settings = new CheckpointSettings(null, "4GiB", Environment.ProcessorCount, 2, 2, 8, 256, 5, 16);
        for (int i = 0; i + 1 < args.Count; i += 2)
        {
            CheckpointSettings? changed = Option(settings, args[i], args[i + 1]);
            if (changed is null)
                return null;
            settings = changed;
        }
        return args.Count % 2 == 0 && MemoryLimit.Parse(settings.Limit) is not null ? settings : null;
    }

    private static CheckpointSettings? Option(CheckpointSettings settings, string name, string text)
    {
        int value = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
        return name switch
        {
            "--folder" => settings with { Folder = Path.GetFullPath(text) },
            "--memory-limit" => settings with { Limit = text },
            _ when value == 0 => null,
            "--threads" => settings with { Threads = value },
            "--blocks" => settings with { Blocks = value },
            "--samples" => settings with { Samples = value },
            "--steps" => settings with { Steps = value },
            "--tokens" => settings with { TokensPerStep = value },
            _ => null,
        };
    }
}
