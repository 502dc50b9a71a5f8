using System.Runtime.InteropServices;
using QuantBuild.Files;

namespace QuantBuild.Compiler.Processes;

/// <summary>
/// Finds programs by name on the PATH, and nowhere else: the base library would run a file of the current folder first, which may be
/// somebody else's.
/// </summary>
internal static partial class ProgramPath
{
    /// <summary>The file that a program's name leads to on this process's PATH; null when there is none.</summary>
    public static string? Find(string name) => Find(name, Environment.GetEnvironmentVariable("PATH"));

    /// <summary>The file that a program's name leads to.</summary>
    /// <param name="name">The name, without a folder and without <c>.exe</c>.</param>
    /// <param name="path">The variable PATH. Entries that are not absolute depend on the current folder, and are passed over.</param>
    /// <returns>An absolute path of a regular executable file; null when there is none.</returns>
    public static string? Find(string name, string? path)
    {
        if (name.Length == 0 || Path.GetFileName(name) != name)
            throw new ArgumentException($"'{name}' is not the name of a program", nameof(name));
        string file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        return (path ?? "").Split(Path.PathSeparator)
            .Select(entry => OperatingSystem.IsWindows() ? entry.Trim(' ', '"') : entry)
            .Where(entry => Path.IsPathFullyQualified(entry))
            .Select(entry => Path.Combine(entry, file))
            .FirstOrDefault(IsProgram);
    }

    /// <summary>Whether an absolute path leads to a regular file that this user may execute.</summary>
    public static bool IsProgram(string path) => Path.IsPathFullyQualified(path) && FileKinds.Of(path) == FileKind.Regular
        && (OperatingSystem.IsWindows()
            ? Path.GetExtension(path).Equals(".exe", StringComparison.OrdinalIgnoreCase)
            : Access(path, MayExecute) == 0);

    private const int MayExecute = 1;

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Access(string path, int mode);
}
