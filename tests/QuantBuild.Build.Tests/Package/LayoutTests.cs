using System.IO.Compression;
using System.Text.RegularExpressions;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Package;

public sealed partial class LayoutTests
{
    [Fact]
    public void The_build_package_has_its_task_alone_and_the_tool_whole()
    {
        string[] files = FilesOf("QuantBuild.MSBuild");

        Assert.Equal(["tasks/net10.0/QuantBuild.MSBuild.dll"], files.Where(file => file.StartsWith("tasks/", StringComparison.Ordinal)));
        Assert.Superset(
            new HashSet<string>(["build/QuantBuild.MSBuild.props", "build/QuantBuild.MSBuild.targets",
                "buildMultiTargeting/QuantBuild.MSBuild.targets",
                "schema/quant.schema.json", "tools/net10.0/QuantBuild.Tool.dll", "tools/net10.0/QuantBuild.Tool.runtimeconfig.json",
                    "tools/net10.0/QuantBuild.Tool.deps.json"]),
            files.ToHashSet());
        Assert.DoesNotContain(files, file => file.StartsWith("lib/", StringComparison.Ordinal)
            || file.StartsWith("buildTransitive/", StringComparison.Ordinal));
        string specification = SpecificationOf("QuantBuild.MSBuild");
        Assert.Contains("<developmentDependency>true</developmentDependency>", specification, StringComparison.Ordinal);
        Assert.DoesNotContain("<dependency ", specification, StringComparison.Ordinal);
    }

    [Fact]
    public void The_runtime_package_depends_on_SystemIOHashing_alone_which_is_managed_and_depends_on_nothing()
    {
        Assert.Contains("lib/net10.0/QuantBuild.dll", FilesOf("QuantBuild"));
        Assert.Equal(["buildTransitive/QuantBuild.targets"], FilesOf("QuantBuild")
            .Where(file => file.StartsWith("build", StringComparison.Ordinal)));
        Assert.DoesNotContain("UsingTask", File.ReadAllText(Repository.PathOf("targets", "QuantBuild.targets")),
            StringComparison.Ordinal); // it consumes, and never works
        Assert.Contains("lib/net10.0/QuantBuild.xml", FilesOf("QuantBuild"));
        Assert.Equal(["System.IO.Hashing"], Dependency().Matches(SpecificationOf("QuantBuild")).Select(match => match.Groups[1].Value));
        // The package folder may have versions that others asked for.
        string specification = SpecificationOf("QuantBuild");
        using ZipArchive hashing = ZipFile.OpenRead(Assert.Single(Repository.RuntimeDependencies, file =>
            specification.Contains($"version=\"{Path.GetFileName(Path.GetDirectoryName(file))}\"", StringComparison.Ordinal)));
        Assert.Contains(hashing.Entries, entry => entry.FullName == "lib/net10.0/System.IO.Hashing.dll");
        Assert.DoesNotContain(hashing.Entries, entry => entry.FullName.StartsWith("runtimes/", StringComparison.Ordinal)); // nothing native
        Assert.Contains("""<group targetFramework="net10.0" />""", SpecificationOf(hashing, "System.IO.Hashing"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("QuantBuild", "package.md")]
    [InlineData("QuantBuild.Imaging", "package.md")]
    [InlineData("QuantBuild.MSBuild", "msbuild.md")]
    [InlineData("QuantBuild.Templates", "package.md")]
    [InlineData("QuantBuild.Tool", "package.md")]
    public void Every_package_says_what_it_is_for(string package, string readme)
    {
        Assert.Contains($"<readme>{readme}</readme>", SpecificationOf(package), StringComparison.Ordinal);
        Assert.Contains(readme, FilesOf(package));
    }

    [Fact]
    public void The_tool_package_installs_as_quantbuild()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["nuget.config"], Packages.NuGetConfig());
        Dictionary<string, string?> environment = ModelProject.CleanEnvironment();
        environment["NUGET_PACKAGES"] = folder["packages"];

        using var install = new RunningProcess("dotnet", ["tool", "install", "QuantBuild.Tool", "--tool-path", folder["tools"]],
            folder.Path, environment);
        install.Wait().Expect(0);
        using var quantbuild = new RunningProcess(folder["tools", OperatingSystem.IsWindows() ? "quantbuild.exe" : "quantbuild"],
            ["--version"], folder.Path, environment);

        Assert.StartsWith("0.1.0", quantbuild.Wait().Expect(0).Out, StringComparison.Ordinal);
    }

    internal static string[] FilesOf(string package)
    {
        using ZipArchive archive = Open(package);
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }

    private static string SpecificationOf(string package)
    {
        using ZipArchive archive = Open(package);
        return SpecificationOf(archive, package);
    }

    private static string SpecificationOf(ZipArchive archive, string package)
    {
        using var reader = new StreamReader(archive.GetEntry(package + ".nuspec")!.Open());
        return reader.ReadToEnd();
    }

    private static ZipArchive Open(string package) => ZipFile.OpenRead(Path.Combine(Packages.Feed, package + ".0.1.0.nupkg"));

    [GeneratedRegex(@"<dependency id=""([^""]+)""")]
    private static partial Regex Dependency();
}
