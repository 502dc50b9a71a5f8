using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Extensions;

/// <summary>The packages that NuGet restored for a project, as its <c>project.assets.json</c> has them.</summary>
/// <param name="Folders">Their folders on this machine, by name; names are compared as NuGet compares them.</param>
internal sealed record RestoredPackages(ImmutableDictionary<string, string> Folders)
{
    /// <summary>Name of the file, which restoring writes below a project's <c>obj</c>.</summary>
    public const string FileName = "project.assets.json";

    /// <summary>Where a package has an extension.</summary>
    public const string ExtensionFolder = "tools/net10.0";

    /// <summary>No package.</summary>
    public static RestoredPackages None { get; } =
        new(ImmutableDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase));

    /// <summary>This system and processor, as packages name them, such as <c>linux-x64</c>.</summary>
    public static string System { get; } =
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")
        + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>Reads a file; one that does not exist has no packages.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DiagnosticException">It cannot be read, or is no such file (QB4102).</exception>
    public static RestoredPackages Read(string path)
    {
        try
        {
            return File.Exists(path) ? Of(CheckedNodes.Parse(File.ReadAllBytes(path))) : None;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or MalformedJsonException)
        {
            throw new DiagnosticException(Descriptors.RestoredPackagesUnreadable.At(new SourceSpan(path), failure.Message), failure);
        }
    }

    /// <summary>The file of the project whose folder has a manifest.</summary>
    /// <param name="manifest">The manifest's path.</param>
    public static string FileBeside(string manifest) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(manifest))!, "obj", FileName);

    /// <summary>The file of an extension; null when the project does not reference its package.</summary>
    /// <param name="package">The package that brings it, and its assembly's name.</param>
    public string? Find(string package) => Folders.TryGetValue(package, out string? folder)
        && Path.Combine(folder, ExtensionFolder, $"{package}.dll") is var file && File.Exists(file) ? file : null;

    /// <summary>
    /// The folders with native libraries for this system, of the packages whose names begin so; in the order of the names.
    /// </summary>
    /// <param name="prefix">How the names begin.</param>
    public ImmutableArray<string> NativeFolders(string prefix) =>
        [.. Folders.Where(package => package.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            .OrderBy(package => package.Key, StringComparer.OrdinalIgnoreCase)
            .Select(package => Path.Combine(package.Value, "runtimes", System, "native")).Where(Directory.Exists)];

    private static RestoredPackages Of(JsonNode assets)
    {
        string[] roots = [.. assets.Member("packageFolders").Members().Select(folder => folder.Key)];
        ImmutableDictionary<string, string>.Builder found = None.Folders.ToBuilder();
        foreach ((string key, JsonNode? library) in assets.Member("libraries").Members())
        {
            if (library.Member("type").Text() != "package")
                continue;
            string path = library.Member("path").Text();
            if (roots.Select(root => Path.Combine(root, path)).FirstOrDefault(Directory.Exists) is { } folder)
                found[key.Split('/')[0]] = folder;
        }
        return new RestoredPackages(found.ToImmutable());
    }
}
