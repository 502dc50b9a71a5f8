using QuantBuild.Imaging;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>A decoded video of an evaluation.</summary>
/// <param name="Method">The method that made it, or <c>full</c>.</param>
/// <param name="Prompt">Its prompt.</param>
/// <param name="Index">How many earlier samples of the set have the same prompt.</param>
/// <param name="Frames">Its frames.</param>
internal sealed record EvaluatedClip(string Method, string Prompt, int Index, IReadOnlyList<Image> Frames);
