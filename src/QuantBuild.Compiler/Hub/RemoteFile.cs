namespace QuantBuild.Compiler.Hub;

/// <summary>What the Hub says about a file before it is downloaded.</summary>
/// <param name="Path">Its path in the repository.</param>
/// <param name="ETag">SHA-256 of a large file, git's blob id of a small one.</param>
/// <param name="Size">Its size in bytes.</param>
internal sealed record RemoteFile(string Path, string ETag, long Size);
