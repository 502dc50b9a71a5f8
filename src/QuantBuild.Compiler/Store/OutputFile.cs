using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Files;

namespace QuantBuild.Compiler.Store;

/// <summary>
/// Files at paths that a user names. They appear whole or not at all; a device or a pipe is written to, and never replaced.
/// </summary>
internal static class OutputFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Whether a path leads to a file that stays, which a device or a pipe is not.</summary>
    public static bool IsFile(string? path) => path is not null && FileKinds.Of(path) == FileKind.Regular;

    /// <summary>Whether a path leads to a device, a pipe or a socket.</summary>
    public static bool IsSpecial(string path) => FileKinds.Of(path) == FileKind.Special;

    /// <summary>Writes text as UTF-8; the folder is created.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public static void Write(string path, string text) => Write(path, Utf8.GetBytes(text));

    /// <summary>Writes bytes; the folder is created.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public static void Write(string path, byte[] content) => Guarded(path, () => Replace(path, content));

    /// <summary>Writes a file by something that needs a path, and whose failures are the caller's to tell; the folder is created.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the file of a name that it is given, whose ending tells nothing.</param>
    public static void WriteBy(string path, Action<string> write)
    {
        CreateFolder(path);
        WholeFile.Write(path, write);
    }

    /// <summary>
    /// A new name in a folder, for a file that is not to stay: killed processes' files of such names are removed by later ones.
    /// </summary>
    public static string TemporaryIn(string folder) => TemporaryFile.In(folder, "check");

    /// <summary>Writes text to the end of a file.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public static void Append(string path, string text) => Guarded(path, () =>
    {
        using FileStream file = WholeFile.Append(path);
        file.Write(Utf8.GetBytes(text));
    });

    /// <summary>Writes bytes, whose failures are the caller's to tell; the folder is created.</summary>
    internal static void Replace(string path, ReadOnlySpan<byte> content, bool durable = false)
    {
        CreateFolder(path);
        WholeFile.Write(path, content, durable);
    }

    private static void CreateFolder(string path) => Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);

    private static void Guarded(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }
}
