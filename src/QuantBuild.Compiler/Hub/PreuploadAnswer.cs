namespace QuantBuild.Compiler.Hub;

/// <summary>How the Hub wants a file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Large">By LFS, rather than inside the commit.</param>
/// <param name="Ignored">Not at all: the repository's .gitignore names it.</param>
internal sealed record PreuploadAnswer(string Path, bool Large, bool Ignored);
