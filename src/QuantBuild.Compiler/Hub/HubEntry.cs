namespace QuantBuild.Compiler.Hub;

/// <summary>A file in a repository.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Id">SHA-256 for a large file, git's blob id for a small one; lower-case hexadecimal.</param>
/// <param name="Large">Whether it is stored by LFS.</param>
internal sealed record HubEntry(string Path, long Size, string Id, bool Large);
