using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>A layer on tokens that no build has seen.</summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Layer">Its name.</param>
/// <param name="Rank">Rank of its branch.</param>
/// <param name="Calibrated">Its relative output error on calibration tokens.</param>
/// <param name="HeldOut">The same on tokens of the evaluation samples.</param>
/// <param name="Spectrum">How its weight's energy lies on directions.</param>
internal sealed record HeldOutLayer(string Expert, string Layer, int Rank, double Calibrated, double HeldOut, WeightSpectrum Spectrum);
