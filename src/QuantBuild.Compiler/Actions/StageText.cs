namespace QuantBuild.Compiler.Actions;

/// <summary>A stage's row in docs/stages.md.</summary>
/// <param name="Per">What there is one action for.</param>
/// <param name="Inputs">What digests of content are in the key.</param>
/// <param name="Output">What an action stores.</param>
internal sealed record StageText(string Per, string Inputs, string Output);
