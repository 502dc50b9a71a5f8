using System.Text.Json;
using QuantBuild.Json;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Sources;

/// <summary>Checkpoints of the Wan family that have one denoiser where Wan2.2-A14B has two experts: they are other models.</summary>
internal static class SingleModel
{
    private const string ConfigName = "config.json";

    /// <summary>The model in a folder, by its configuration; null where there are two experts, or nothing of the family.</summary>
    /// <param name="folder">The checkpoint's folder: of the original layout, or that of the Diffusers library.</param>
    public static string? NameIn(string folder)
    {
        // The folder of one of two experts is none of these: its checkpoint is the folder above.
        string transformer = CheckpointFiles.DiffusersExperts[0], own = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        string? file = CheckpointFiles.OriginalExperts.Concat(CheckpointFiles.DiffusersExperts).Contains(own) || HasOtherFiles(folder)
            ? null
            : new[] { Path.Combine(folder, ConfigName), Path.Combine(folder, transformer, ConfigName) }.FirstOrDefault(File.Exists);
        return file is null || CheckpointFiles.OriginalExperts.Append(CheckpointFiles.DiffusersExperts[1])
            .Any(expert => Directory.Exists(Path.Combine(folder, expert)))
            ? null
            : NameOf(file);
    }

    /// <summary>Whether there are weights under names of their own, which may be those of two experts.</summary>
    private static bool HasOtherFiles(string folder) => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.safetensors")
        .Any(file => !Path.GetFileName(file).StartsWith(ShardedCheckpoint.DefaultStem, StringComparison.Ordinal));

    private static string? NameOf(string config)
    {
        try
        {
            using JsonDocument json = CheckedJson.Parse(File.ReadAllBytes(config));
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            return WanFamily.OtherOf(json.RootElement)
                ?? (WanArchitecture.Of(WanConfig.Load(config)).TakesPicture ? "a model of one expert, as Wan2.1-I2V-14B is"
                    : "a model of one expert, as Wan2.1-T2V-14B is");
        }
        catch (Exception error) when (error is MalformedJsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
