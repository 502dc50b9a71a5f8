namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB405x, QB408x: places of a user.</content>
internal static partial class Descriptors
{
    /// <summary>QB4050: the user has no home folder.</summary>
    public static readonly DiagnosticDescriptor HomeMissing = new("QB4050", Severity.Error,
        "there is no folder for {0}: {1}; set {2}",
        "HOME names a folder that does not exist or is not absolute, as it does for many service accounts and in some containers. "
            + "Nothing is put into the current folder instead, and a relative XDG_CACHE_HOME is ignored, as its specification says.",
        "Set what the message names, or HOME to a folder that exists, or XDG_CACHE_HOME to an absolute path.");

    /// <summary>QB4080: an output is named like an input.</summary>
    public static readonly DiagnosticDescriptor OutputIsInput = new("QB4080", Severity.Error,
        "'{0}' is not written: the build reads it",
        "An option for a list, a report or a summary names the manifest, its lock file, or another file that the build reads, which "
            + "would be lost.",
        "Name another file.");

    /// <summary>QB4102: what NuGet restored cannot be read.</summary>
    public static readonly DiagnosticDescriptor RestoredPackagesUnreadable = new("QB4102", Severity.Error,
        "the packages of the model project cannot be read: {0}",
        "The manifest asks for an arithmetic that a package brings, and project.assets.json, which NuGet writes below the project's obj "
            + "folder, is damaged or cannot be opened.",
        "Run dotnet restore on the model project. --project-assets names another file.");
}
