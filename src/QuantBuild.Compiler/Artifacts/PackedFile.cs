using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>A file of an artifact.</summary>
/// <param name="Path">Where it goes, relative to the artifact's folder, with forward slashes: <c>high_noise_model/config.json</c>.</param>
/// <param name="Content">What is in it.</param>
internal sealed record PackedFile(string Path, BlobRef Content);
