namespace QuantBuild.Pipelines;

/// <summary>The parts of making a video, in order.</summary>
public enum GenerationPhase
{
    /// <summary>The prompts are embedded.</summary>
    EncodeText,

    /// <summary>The first frame is encoded.</summary>
    EncodeImage,

    /// <summary>The latent is denoised, step by step.</summary>
    Denoise,

    /// <summary>Frames are decoded.</summary>
    Decode,
}
