using System.Collections.Immutable;

namespace QuantBuild.Compiler.Extensions;

/// <summary>
/// Where extensions are looked for: assemblies of packages that the tool loads when something asks for them, and never otherwise.
/// </summary>
/// <param name="Folders">In this order; absolute.</param>
internal sealed record ExtensionFolders(ImmutableArray<string> Folders)
{
    /// <summary>The environment variable with folders to look in first, separated as in a PATH; only absolute ones count.</summary>
    public const string Variable = "QUANTBUILD_EXTENSIONS";

    /// <summary>The folders of <see cref="Variable"/>, then the tool's own.</summary>
    public static ExtensionFolders Default => Of(Environment.GetEnvironmentVariable(Variable));

    /// <summary>The file of an extension; null when it is in no folder.</summary>
    /// <param name="package">The package that brings it, and its assembly's name.</param>
    public string? Find(string package) => Folders.Select(folder => Path.Combine(folder, $"{package}.dll")).FirstOrDefault(File.Exists);

    /// <summary>The folders of a value of <see cref="Variable"/>, then the tool's own.</summary>
    internal static ExtensionFolders Of(string? list) =>
        new([.. (list ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(Path.IsPathFullyQualified), AppContext.BaseDirectory]);
}
