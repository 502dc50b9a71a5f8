using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

/// <summary>
/// The folders that the platform gives a user. Service accounts often have none: then nothing is kept in the current folder instead.
/// </summary>
/// <param name="read">Looks an environment variable up; null when it is not set.</param>
internal sealed class UserFolders(Func<string, string?> read)
{
    /// <summary>The user's home folder; null when there is none that exists.</summary>
    public string? Home => Named is { } home && Path.IsPathFullyQualified(home) && Directory.Exists(home) ? home : null;

    /// <summary>
    /// XDG_CACHE_HOME; null when it is not set, or relative: the specification of base directories says to ignore such a path.
    /// </summary>
    public string? XdgCaches => read("XDG_CACHE_HOME") is { } caches && Path.IsPathFullyQualified(caches) ? caches : null;

    /// <summary>The home folder, for something that must have one.</summary>
    /// <param name="what">What is to be kept there.</param>
    /// <param name="instead">What names another place.</param>
    /// <exception cref="DiagnosticException">There is none (QB4050).</exception>
    public string RequireHome(string what, string instead) => Home ?? throw Missing(what, instead);

    /// <summary>The user's application data of this machine, on Windows.</summary>
    /// <param name="what">What is to be kept there.</param>
    /// <param name="instead">What names another place.</param>
    /// <exception cref="DiagnosticException">There is none (QB4050).</exception>
    public static string RequireLocalData(string what, string instead) =>
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) is { Length: > 0 } folder
        && Path.IsPathFullyQualified(folder) ? folder
            : throw new DiagnosticException(Descriptors.HomeMissing.At(null, what, "the user has no folder for local application data",
                instead));

    private string? Named => OperatingSystem.IsWindows() || read("HOME") is not { Length: > 0 } home
        ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile,
            Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } known ? known : null
        : home;

    private DiagnosticException Missing(string what, string instead) => new(Descriptors.HomeMissing.At(null, what,
        Named is not { } home ? "the user has no home folder"
            : !Path.IsPathFullyQualified(home) ? $"the home folder '{home}' is not an absolute path"
            : Path.Exists(home) ? $"the home folder '{home}' is no folder" : $"the home folder '{home}' does not exist",
        instead));
}
