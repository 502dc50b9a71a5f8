using QuantBuild.Models.Wan;

namespace QuantBuild.Pipelines;

/// <summary>The full-precision weights of an expert.</summary>
/// <param name="Path">Its folder, or its only file.</param>
/// <param name="Loras">LoRA files to merge, in order.</param>
internal sealed record ExpertWeights(string Path, IReadOnlyList<LoraReference> Loras)
{
    /// <summary>Opens the tensors.</summary>
    /// <exception cref="SafeTensors.SafeTensorsException">The files are not a complete checkpoint.</exception>
    /// <exception cref="LoraException">A LoRA file cannot be merged.</exception>
    public WanCheckpoint Open() => WanCheckpoint.Open(Path, Loras);

    /// <summary>The configuration: that of the folder, or beside the file; without one, what the shapes of a file tell.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or of another model.</exception>
    public WanConfig Config()
    {
        bool isFile = File.Exists(Path);
        string config = System.IO.Path.Combine(isFile ? System.IO.Path.GetDirectoryName(Path)! : Path, "config.json");
        if (!isFile || File.Exists(config))
            return WanConfig.Load(config);
        using WanCheckpoint checkpoint = WanCheckpoint.Open(Path);
        return WanConfigGuess.From(checkpoint.Tensors);
    }
}
