using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>A LoRA file that is merged into the model before anything else.</summary>
/// <param name="File">The file, absolute.</param>
/// <param name="Strength">How strongly; 1 as it was trained.</param>
/// <param name="Experts">The experts that it is merged into; empty for both.</param>
/// <param name="Span">Its place.</param>
internal sealed record LoraSection(string File, double Strength, ImmutableArray<string> Experts, SourceSpan Span)
{
    /// <summary>Whether it is merged into an expert.</summary>
    public bool Concerns(string expert) => Experts.IsEmpty || Experts.Contains(expert);
}
