namespace QuantBuild.Compiler.Quantizers;

/// <summary>What happened while a weight was rounded.</summary>
/// <param name="Damping">What was added to the Hessian's diagonal, in the Hessian's units; 0 when no factorization was used.</param>
/// <param name="Tries">Factorizations tried: 0 for round-to-nearest by choice, 1 when the first succeeded, at most <see cref="Gptq.MaxTries"/>.</param>
/// <param name="FellBack">Whether every factorization failed, or the feedback overflowed, so that the weight was rounded to nearest.</param>
/// <param name="DeadColumns">Input channels that were zero in every calibration token; their weights became zero.</param>
/// <param name="ProxyLoss"><c>tr(E H E^T) / tr(W H W^T)</c> with E = W - Q, W without its dead columns and H undamped; 0 for a zero denominator; null when it was not asked for, or feedback overflowed.</param>
public sealed record GptqOutcome(double Damping, int Tries, bool FellBack, int DeadColumns, double? ProxyLoss);
