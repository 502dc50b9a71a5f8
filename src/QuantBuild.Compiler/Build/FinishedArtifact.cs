using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Build;

/// <summary>An artifact that is in the store but not in a folder yet.</summary>
/// <param name="Descriptor">Bytes of <c>artifact.json</c>.</param>
/// <param name="Files">Every other file.</param>
/// <param name="Lock">The lock of the build that made it.</param>
/// <param name="Layers">Quality of every quantized layer.</param>
internal sealed record FinishedArtifact(byte[] Descriptor, IReadOnlyList<PackedFile> Files, LockFile Lock,
    IReadOnlyList<LayerQuality> Layers);
