namespace QuantBuild.Compiler.Store;

/// <summary>A blob by content, with its size.</summary>
/// <param name="Digest">SHA-256 of its bytes.</param>
/// <param name="Size">Number of bytes.</param>
internal readonly record struct BlobRef(Digest Digest, long Size);
