using System.Collections.Immutable;

namespace QuantBuild.Compiler.Allocation;

/// <summary>A layer and the ways to treat it.</summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Layer">Its name.</param>
/// <param name="Options">The ways; the first is how it is treated now.</param>
internal sealed record LayerOptions(string Expert, string Layer, ImmutableArray<LayerOption> Options);
