using System.Reflection;

namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>Where the repository and what was built of it are.</summary>
internal static class Repository
{
    public static string Root { get; } = Metadata("RepositoryRoot");

    public static string Configuration { get; } = Metadata("Configuration");

    public static string Tool { get; } = Built("QuantBuild.Tool");

    /// <summary>Package files that the runtime package depends on, as this repository restored them.</summary>
    public static string[] RuntimeDependencies { get; } = Restored("system.io.hashing");

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Files of packages that this repository restored, by names in which '*' stands for anything.</summary>
    public static string[] Restored(params string[] packages) => [.. packages
        .SelectMany(package => Directory.GetDirectories(Metadata("PackageRoot"), package))
        .SelectMany(folder => Directory.GetFiles(folder, "*.nupkg", SearchOption.AllDirectories))];

    private static string Built(string project) => PathOf("src", project, "bin", Configuration, "net10.0", project + ".dll");

    private static string Metadata(string key) => typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
