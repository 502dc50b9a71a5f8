namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB34xx: videos.</content>
internal static partial class Descriptors
{
    /// <summary>A video cannot be made of what was given.</summary>
    public static readonly DiagnosticDescriptor GenerationFailed = new("QB3401", Severity.Error,
        "No video can be made: {0}",
        "A part of the checkpoint, the picture or the artifact is missing or damaged, the parts do not fit each other, the size is not "
            + "possible, or the video cannot be written.",
        "The message names the file or the value. A checkpoint needs the folders tokenizer, text_encoder and vae beside its experts.");

    /// <summary>A video is sampled on another schedule than the artifact was calibrated on.</summary>
    public static readonly DiagnosticDescriptor OtherSchedule = new("QB3403", Severity.Warning,
        "The artifact was calibrated on {0} steps ({1}), and the video is sampled on others",
        "Clip ratios and rounding were chosen for activations at the timesteps of calibration; at others they may fit worse.",
        "Leave --steps, --shift and --timesteps away; or calibrate on the schedule that videos are made with.");

    /// <summary>Decoding will take more memory than there is.</summary>
    public static readonly DiagnosticDescriptor GenerationMemory = new("QB3402", Severity.Warning,
        "Decoding the frames, which comes last, takes about {0} at once, and {1} are free",
        "The autoencoder's features of a whole frame do not fit into the memory that is free now. A process that takes more than there "
            + "is may be ended by the system, after all the denoising.",
        "Let the autoencoder work on tiles (--vae-tile 256), make smaller frames (--size), or end other programs.");
}
