using System.Globalization;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Calibration;

/// <summary>The layout of recorded activations in files: docs/calibration.md.</summary>
internal static class ActivationFiles
{
    /// <summary>Metadata key and value that mark such a file.</summary>
    public const string FormatKey = "format";

    /// <summary>The only format so far.</summary>
    public const string Format = "quantbuild-activations-1";

    /// <summary>The files of a folder, one per sample, in the order of the samples.</summary>
    public static string[] Of(string folder) => [.. Directory.EnumerateFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)];

    /// <summary>Name of a sample's file.</summary>
    public static string NameOf(int sample) => FormattableString.Invariant($"sample.{sample:000}.safetensors");

    /// <summary>Metadata key of an expert's timesteps.</summary>
    public static string TimestepsKey(string expert) => expert + ".timesteps";

    /// <summary>Timesteps as metadata has them.</summary>
    public static string TextOf(IEnumerable<int> timesteps) =>
        string.Join(',', timesteps.Select(timestep => timestep.ToString(CultureInfo.InvariantCulture)));

    /// <summary>What the names of a site's two tensors start with.</summary>
    public static string PrefixOf(string expert, int block, WanSite site) => ActivationRecorder.OutputName(expert, block, site) + "/";
}
