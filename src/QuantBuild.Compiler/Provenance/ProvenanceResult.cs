using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Provenance;

/// <summary>What a check of provenance found.</summary>
/// <param name="Build">What the statement says; null when it cannot be read.</param>
/// <param name="Signer">
/// SHA-256 of the public key of the signature, or its address for one that only cosign can reach; null when no signature was checked.
/// </param>
/// <param name="Problems">What is wrong; empty when nothing is.</param>
internal sealed record ProvenanceResult(StatedBuild? Build, string? Signer, ImmutableArray<Diagnostic> Problems)
{
    /// <summary>Files beside the artifact that the statement does not list and that no loader reads, such as README.md.</summary>
    public ImmutableArray<string> Unsigned { get; init; } = [];
}
