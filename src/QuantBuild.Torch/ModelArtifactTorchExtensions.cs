using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;

namespace QuantBuild.Torch;

/// <summary>A built model on TorchSharp.</summary>
public static class ModelArtifactTorchExtensions
{
    /// <summary>A pipeline whose experts, text encoder and autoencoder run on TorchSharp.</summary>
    /// <param name="artifact">An open artifact; must stay open.</param>
    /// <param name="runtime">The device; must outlive the pipeline.</param>
    /// <param name="checkpoint">The folder with text encoder, tokenizer and autoencoder.</param>
    /// <param name="memory">What is kept of the experts on the device.</param>
    /// <param name="tiling">Tiles of the autoencoder; null to work on whole frames.</param>
    /// <exception cref="InvalidDataException">A part is missing or damaged, or the parts do not fit each other.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static WanImageToVideoPipeline UseTorch(this ModelArtifact artifact, TorchRuntime runtime, string checkpoint,
        ExpertMemory memory = ExpertMemory.One, VaeTiling? tiling = null)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(runtime);
        return new WanImageToVideoPipeline(checkpoint, artifact, memory, tiling, runtime);
    }
}
