using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>What reading a manifest gave.</summary>
/// <param name="Manifest">The manifest, or null when there is any error.</param>
/// <param name="Diagnostics">All problems, in file order.</param>
internal sealed record ManifestReadResult(QuantManifest? Manifest, ImmutableArray<Diagnostic> Diagnostics);
