using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Recorded activations that take the place of sampling runs.</summary>
/// <param name="Folder">The folder of recordings, absolute.</param>
/// <param name="Span">Place of <c>activations</c>.</param>
internal sealed record ActivationsSection(string Folder, SourceSpan Span);
