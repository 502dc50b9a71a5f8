using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>How the Hub wants a file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Large">By LFS, rather than inside the commit.</param>
/// <param name="Ignored">Not at all: the repository's .gitignore names it.</param>
internal sealed record PreuploadAnswer(string Path, bool Large, bool Ignored)
{
    /// <summary>Reads an entry of an answer.</summary>
    /// <exception cref="FormatException">It is something else, or repeats a secret.</exception>
    public static PreuploadAnswer FromJson(JsonNode? file, ServerText texts) => new(texts.NameIn(file.Member("path")),
        texts.NameIn(file.Member("uploadMode")) == "lfs", file.Find("shouldIgnore")?.Flag() ?? false);
}
