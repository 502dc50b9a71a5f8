namespace QuantBuild.MSBuild;

/// <summary>One file of an artifact.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Relative">Its path in the artifact's folder, with forward slashes.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Digest">SHA-256 of its content.</param>
internal sealed record BuiltFile(string Path, string Relative, long Size, string Digest);
