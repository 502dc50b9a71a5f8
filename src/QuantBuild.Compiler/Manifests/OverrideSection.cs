using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>An override.</summary>
/// <param name="Match">Pattern over layer names; <c>*</c> and ranges such as <c>3-5</c>.</param>
/// <param name="Experts">Experts it applies to; empty means both.</param>
/// <param name="Patch">Settings it changes.</param>
/// <param name="Span">Place of the override.</param>
internal sealed record OverrideSection(string Match, ImmutableArray<string> Experts, RecipePatch Patch, SourceSpan Span)
{
    /// <summary>Whether it applies to an expert.</summary>
    internal bool Concerns(string expert) => Experts.IsEmpty || Experts.Contains(expert);
}
