namespace QuantBuild.Compiler.Work;

/// <summary>Relative output error of a layer over the recorded tokens of one bin.</summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Layer">Its name.</param>
/// <param name="Bin">The bin.</param>
/// <param name="Rtn">Round to nearest, no smoothing, no low rank.</param>
/// <param name="Recipe">As configured, with the chosen clip ratio.</param>
/// <param name="Cosine">Cosine similarity of full-precision and quantized output for the recipe.</param>
internal sealed record BinQuality(string Expert, string Layer, string Bin, double Rtn, double Recipe, double Cosine);
