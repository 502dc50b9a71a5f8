namespace QuantBuild.Compiler.Manifests;

/// <summary>Smoothing, eq. (5).</summary>
/// <param name="Enabled">False keeps every channel as it is.</param>
/// <param name="Alpha">Share of the range that moves from activations to weights, 0 to 1.</param>
/// <param name="Share">Which layers share a vector.</param>
internal sealed record SmoothRecipe(bool Enabled, double Alpha, SmoothShare Share);
