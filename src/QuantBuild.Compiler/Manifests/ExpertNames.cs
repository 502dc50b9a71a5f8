using System.Collections.Immutable;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The two experts of Wan2.2, as manifests, artifacts and reports name them.</summary>
internal static class ExpertNames
{
    /// <summary>Serves timesteps at or above the boundary.</summary>
    public const string HighNoise = "high_noise";

    /// <summary>Serves timesteps below the boundary.</summary>
    public const string LowNoise = "low_noise";

    /// <summary>Both, in the order of denoising.</summary>
    public static ImmutableArray<string> All { get; } = [HighNoise, LowNoise];

    /// <summary>The expert that a file's name speaks of, in any spelling of high noise and low noise; null for none, or both.</summary>
    public static string? In(string fileName)
    {
        string letters = string.Concat(fileName.Where(char.IsAsciiLetter));
        bool high = letters.Contains("highnoise", StringComparison.OrdinalIgnoreCase),
            low = letters.Contains("lownoise", StringComparison.OrdinalIgnoreCase);
        return high == low ? null : high ? HighNoise : LowNoise;
    }
}
