using System.Collections.Immutable;

namespace QuantBuild.Compiler.Differences;

/// <summary>A finished build, as its lock, its artifact or the store remember it.</summary>
/// <param name="Name">What it is, for people.</param>
/// <param name="Layers">Its layers; one that is kept may be left out.</param>
/// <param name="Bytes">Size of its files by expert; empty when it is not known.</param>
internal sealed record BuildSnapshot(string Name, IReadOnlyList<LayerSnapshot> Layers, ImmutableSortedDictionary<string, long> Bytes)
{
    /// <summary>Size of the tensors of single layers, as far as it is known.</summary>
    public IReadOnlyDictionary<(string Expert, string Layer), long> LayerBytes { get; init; } =
        ImmutableDictionary<(string, string), long>.Empty;
}
