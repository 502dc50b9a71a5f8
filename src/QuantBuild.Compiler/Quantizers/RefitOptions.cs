namespace QuantBuild.Compiler.Quantizers;

/// <summary>Settings of <see cref="Refit"/>.</summary>
/// <param name="Rank">Rank of the branch; 0 for none, and no rounds then.</param>
/// <param name="Rounds">Most rounds after the first rounding.</param>
/// <param name="LeastGain">Part of the loss that a round must take off, or it is the last.</param>
/// <param name="Gptq">Order, exponents, ties and block size; the damping is the ridge.</param>
internal sealed record RefitOptions(int Rank, int Rounds, double LeastGain, GptqOptions Gptq);
