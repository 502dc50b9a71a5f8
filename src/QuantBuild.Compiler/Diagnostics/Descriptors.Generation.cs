namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB34xx: videos.</content>
public static partial class Descriptors
{
    /// <summary>A video cannot be made of what was given.</summary>
    public static readonly DiagnosticDescriptor GenerationFailed = new("QB3401", Severity.Error,
        "No video can be made: {0}",
        "A part of the checkpoint, the picture or the artifact is missing or damaged, the parts do not fit each other, the size is not possible, or the video cannot be written.",
        "The message names the file or the value. A checkpoint needs the folders tokenizer, text_encoder and vae beside its experts.");
}
