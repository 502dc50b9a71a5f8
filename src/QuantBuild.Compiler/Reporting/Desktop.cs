using System.Diagnostics;
using QuantBuild.Compiler.Processes;

namespace QuantBuild.Compiler.Reporting;

/// <summary>
/// Opens pages for a person, by the program that the platform has for it. A page is never executed, whatever its mode and content.
/// </summary>
internal static class Desktop
{
    /// <summary>A program that fails does so at once; one that is the browser itself stays.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Whether a file can be opened: Windows chooses by the ending what to do with a file, and runs some.</summary>
    public static bool CanOpen(string page) => Path.GetExtension(page).ToUpperInvariant() is ".HTML" or ".HTM";

    /// <summary>Opens a page in the browser; false when nothing here can.</summary>
    public static bool TryOpen(string page)
    {
        page = Path.GetFullPath(page);
        if (!CanOpen(page))
            return false;
        try
        {
            using Process? opener = OperatingSystem.IsWindows()
                ? Start("rundll32", "url.dll,FileProtocolHandler", new Uri(page).AbsoluteUri)
                : OperatingSystem.IsMacOS() ? StartDetached("open", page)
                : StartDetached("xdg-open", page);
            return opener is not null && (!opener.WaitForExit(Patience) || opener.ExitCode == 0);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static Process? Start(string name, params string[] arguments) =>
        ProgramPath.Find(name) is { } file ? ProgramProcess.Start(file, arguments) : null;

    /// <summary>A browser outlives this process, whose pipes it must not write to, and whose answer it must not write into.</summary>
    private static Process? StartDetached(string name, string page) => ProgramPath.Find(name) is { } file
        ? Start("sh", "-c", "exec \"$0\" \"$1\" </dev/null >/dev/null 2>&1", file, page) : null;
}
