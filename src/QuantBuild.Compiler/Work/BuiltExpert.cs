using System.Collections.Immutable;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Work;

/// <summary>An expert and its artifact files.</summary>
/// <param name="Source">The expert's checkpoint; open only while the build runs.</param>
/// <param name="Layers">Its layers, in plan order.</param>
/// <param name="Directory">Its folder in the artifact.</param>
/// <param name="Files">Artifact files by name.</param>
internal sealed record BuiltExpert(ExpertSource Source, ImmutableArray<BuiltLayer> Layers, string Directory,
    IReadOnlyDictionary<string, BlobRef> Files);
