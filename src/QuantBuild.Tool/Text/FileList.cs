using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tool.Text;

/// <summary>Lists of files for build systems: absolute paths, one per line.</summary>
internal static class FileList
{
    /// <summary>Writes a list; nothing when no file is named.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public static void Write(string? path, IEnumerable<string> files)
    {
        if (path is not null)
            OutputFile.Write(path, string.Concat(files.Select(file => file + Environment.NewLine)));
    }
}
