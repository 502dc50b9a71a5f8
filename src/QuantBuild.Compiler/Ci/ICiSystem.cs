using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Ci;

/// <summary>
/// What a CI system understands beyond text. Where its commands are lines of output, these are written as soon as they are asked for.
/// </summary>
internal interface ICiSystem
{
    /// <summary>Its name, for people.</summary>
    string Name { get; }

    /// <summary>Begins a stretch of output in which nothing is a command, so that no file name can be one.</summary>
    void BeginLog(string title);

    /// <summary>Ends that stretch.</summary>
    void EndLog();

    /// <summary>Shows a diagnostic at its place in the sources.</summary>
    void Annotate(Diagnostic diagnostic);

    /// <summary>Hands a value to later steps.</summary>
    void SetOutput(string name, string value);

    /// <summary>Adds Markdown to the page of the run.</summary>
    void AddSummary(string markdown);

    /// <summary>Keeps files with the run.</summary>
    /// <param name="artifact">Name of the set of files.</param>
    /// <param name="folder">The folder that paths are relative to.</param>
    /// <param name="files">Paths with forward slashes.</param>
    /// <returns>Whether the system has a command for it; where it has none, its workflow has a step of its own.</returns>
    bool Upload(string artifact, string folder, IEnumerable<string> files);
}
