namespace QuantBuild.Compiler.Work;

/// <summary>Relative output error ||Y - Yhat|| / ||Y|| of a layer over its recorded tokens, for the compared methods.</summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Layer">Its name.</param>
/// <param name="Rtn">Round to nearest, no smoothing, no low rank.</param>
/// <param name="SvdQuantRtn">Smoothing and low rank, residual rounded to nearest.</param>
/// <param name="SvdQuantGptq">The same with the recipe's rounding, clip ratio 1.</param>
/// <param name="Recipe">As configured, with the chosen clip ratios.</param>
/// <param name="Cosine">Cosine similarity of Y and Yhat for the recipe.</param>
internal sealed record LayerQuality(string Expert, string Layer, double Rtn, double SvdQuantRtn, double SvdQuantGptq, double Recipe,
    double Cosine);
