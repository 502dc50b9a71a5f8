namespace QuantBuild.Compiler.Quantizers;

/// <summary>One candidate of a clip search.</summary>
/// <param name="Ratio">Clip ratio rho of eq. (8).</param>
/// <param name="ExponentOffset">Added to every block's exponent.</param>
/// <param name="Error">Sum of squared output errors over the bin's tokens, eq. (10) without the division by the token count.</param>
internal sealed record ClipCandidate(double Ratio, int ExponentOffset, double Error);
