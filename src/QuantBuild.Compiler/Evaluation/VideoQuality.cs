namespace QuantBuild.Compiler.Evaluation;

/// <summary>Quality of a method's decoded videos, mean over samples.</summary>
/// <param name="Psnr">Peak signal-to-noise ratio in decibels against full precision's frames; null for full precision itself.</param>
/// <param name="Ssim">Structural similarity to them; null likewise.</param>
/// <param name="FirstFramePsnr">
/// Peak signal-to-noise ratio of the first frame against the picture; null when the set names no pictures.
/// </param>
/// <param name="Flicker">Mean absolute difference of neighbouring frames, in steps of 255.</param>
internal sealed record VideoQuality(double? Psnr, double? Ssim, double? FirstFramePsnr, double Flicker);
