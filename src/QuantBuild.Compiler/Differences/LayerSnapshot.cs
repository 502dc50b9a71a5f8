using System.Collections.Immutable;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Differences;

/// <summary>A layer of a finished build, as far as its source knows it.</summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Layer">Its name.</param>
/// <param name="IsQuantized">Whether it is quantized; a kept layer has no error.</param>
/// <param name="Settings">Its settings by name, spelled for people.</param>
/// <param name="Inputs">What its results depend on beside the settings, such as <c>checkpoint</c>, by digest or version.</param>
/// <param name="Results">Digests of its results, in the order in which they are made.</param>
/// <param name="Quality">Its measured errors; null when they are not known.</param>
internal sealed record LayerSnapshot(string Expert, string Layer, bool IsQuantized, ImmutableSortedDictionary<string, string> Settings,
    ImmutableSortedDictionary<string, string> Inputs, ImmutableArray<KeyValuePair<string, string>> Results, LayerQuality? Quality)
{
    /// <summary>Relative output error: 0 for a kept layer, null when it is not known.</summary>
    public double? Error => IsQuantized ? Quality?.Recipe : 0;
}
