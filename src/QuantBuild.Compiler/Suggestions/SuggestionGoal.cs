using System.Collections.Immutable;

namespace QuantBuild.Compiler.Suggestions;

/// <summary>What a suggestion is asked for.</summary>
/// <param name="MaxBytes">Largest size of the artifact, files and descriptor; null with a target of error.</param>
/// <param name="TargetError">
/// Mean relative error over all quantizable layers to reach with as few bytes as possible; null with a size.
/// </param>
/// <param name="Ranks">
/// Ranks to try; empty for twice and four times a layer's own, and to keep the size for half and three halves of it as well.
/// </param>
/// <param name="Share16Bit">
/// Most of the layers' multiplications that may run with 16-bit activations, 0 to 1: what w4a16 and bf16 cost in speed.
/// </param>
/// <param name="CachedOnly">
/// Whether to execute nothing: what the store has not measured is then no candidate, and the effect is not checked.
/// </param>
internal sealed record SuggestionGoal(long? MaxBytes, double? TargetError, ImmutableArray<int> Ranks, double Share16Bit, bool CachedOnly)
{
    /// <summary>Whether neither was asked for: the artifact keeps its size, and bytes move between layers.</summary>
    public bool KeepsSize => MaxBytes is null && TargetError is null;
}
