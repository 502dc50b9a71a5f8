using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Gating;

/// <summary>Everything that gates can limit.</summary>
/// <param name="Layers">Every quantized layer over all its bins.</param>
/// <param name="Bins">Every quantized layer in each bin.</param>
/// <param name="FinalLatentError">
/// Relative error of the final latent by an evaluation of exactly this build; null when there was none.
/// </param>
internal sealed record MeasuredQuality(IReadOnlyList<LayerQuality> Layers, IReadOnlyList<BinQuality> Bins, double? FinalLatentError);
