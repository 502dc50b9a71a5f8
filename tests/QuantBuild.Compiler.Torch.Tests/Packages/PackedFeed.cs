using System.Diagnostics;
using QuantBuild.Tests;

namespace QuantBuild.Compiler.Torch.Tests.Packages;

/// <summary>The packages of this repository, packed once for all tests, and a package folder that had nothing in it.</summary>
public sealed class PackedFeed : IDisposable
{
    private static readonly string[] Projects = ["QuantBuild", "QuantBuild.MSBuild", "QuantBuild.Torch", "QuantBuild.Compiler.Torch"];

    private readonly string _root = Directory.CreateTempSubdirectory("quantbuild-feed-").FullName;

    public PackedFeed()
    {
        foreach (string project in Projects)
        {
            using Process process = Process.Start(Programs.Start(_root, [], "dotnet", "pack",
                Path.Combine(TestData.Root, "src", project), "--no-build", "-c", Natives.Metadata("Configuration"), "-o", Folder,
                    "-v:quiet",
                "-nodeReuse:false"))!;
            string said = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"{project} cannot be packed: {said}");
        }
        LinkOthers();
    }

    /// <summary>The folder that serves as a feed.</summary>
    internal string Folder => Path.Combine(_root, "feed");

    /// <summary>Where projects under test restore to.</summary>
    internal string Restored => Path.Combine(_root, "restored");

    /// <summary>A configuration that knows no other feed, and takes what is of others from where this repository restored it.</summary>
    internal string NuGetConfig => $"""
        <configuration>
          <packageSources><clear /><add key="local" value="{Folder}" /></packageSources>
          <fallbackPackageFolders><clear /><add key="others" value="{Others}" /></fallbackPackageFolders>
        </configuration>
        """;

    private string Others => Path.Combine(_root, "others");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>Half a gigabyte is not copied for a test; packages of this repository must come from the feed.</summary>
    private void LinkOthers()
    {
        // …/packages/libtorch-cpu-linux-x64/2.10.0/runtimes/linux-x64/native
        var packages = new DirectoryInfo(Path.Combine(Natives.Folder, "..", "..", "..", "..", ".."));
        Directory.CreateDirectory(Others);
        foreach (DirectoryInfo package in packages.GetDirectories()
            .Where(package => !package.Name.StartsWith("quantbuild", StringComparison.OrdinalIgnoreCase)))
            Directory.CreateSymbolicLink(Path.Combine(Others, package.Name), package.FullName);
    }
}

/// <summary>The tests that share the packages.</summary>
[CollectionDefinition]
public sealed class PackedFeedCollection : ICollectionFixture<PackedFeed>;
