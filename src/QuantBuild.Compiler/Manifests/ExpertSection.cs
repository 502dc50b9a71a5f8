using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>One expert.</summary>
/// <param name="Name"><c>high_noise</c> or <c>low_noise</c>.</param>
/// <param name="Weights">Folder below the source; null for the one that the checkpoint's layout has.</param>
/// <param name="Bins">Its bins in manifest order.</param>
/// <param name="Patch">Settings that differ from <see cref="QuantManifest.Quantize"/>.</param>
/// <param name="Span">Place of the expert.</param>
internal sealed record ExpertSection(string Name, string? Weights, ImmutableArray<BinSection> Bins, RecipePatch Patch, SourceSpan Span);
