namespace QuantBuild.Artifacts;

/// <summary>One file of an expert.</summary>
/// <param name="Name">Its name in the expert's folder.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Digest">SHA-256 of its content, 64 lower-case hexadecimal digits.</param>
public sealed record ArtifactFile(string Name, long Size, string Digest);
