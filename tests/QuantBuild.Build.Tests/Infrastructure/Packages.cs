namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>The packages of this repository, packed once for all tests, and a package folder that had nothing in it.</summary>
public sealed class Packages : IDisposable
{
    private static readonly Lazy<TemporaryFolder> Packed = new(Pack);

    /// <summary>The folder that serves as a feed.</summary>
    internal static string Feed => Packed.Value["feed"];

    /// <summary>Where projects under test restore to.</summary>
    internal static string Restored => Packed.Value["restored"];

    /// <summary>A configuration that knows no other feed.</summary>
    /// <param name="more">Further feeds.</param>
    internal static string NuGetConfig(params string[] more) => $"""
        <configuration>
          <packageSources>
            <clear />
            <add key="local" value="{Feed}" />
            {string.Join('\n', more.Select((feed, index) => $"<add key=\"more{index}\" value=\"{feed}\" />"))}
          </packageSources>
        </configuration>
        """;

    public void Dispose()
    {
        if (Packed.IsValueCreated)
            Packed.Value.Dispose();
    }

    private static TemporaryFolder Pack()
    {
        // Native compilation does not work from packages below a folder with spaces in its name.
        var folder = new TemporaryFolder("quantbuild-packages-");
        foreach (string project in (string[])["QuantBuild", "QuantBuild.Imaging", "QuantBuild.Tool", "QuantBuild.MSBuild",
            "QuantBuild.Templates"])
        {
            using var process = new RunningProcess("dotnet",
                ["pack", Repository.PathOf("src", project), "--no-build", "-c", Repository.Configuration, "-o", folder["feed"],
                    "-nodeReuse:false", "-v:quiet"],
                folder.Path, ModelProject.CleanEnvironment());
            process.Wait().Expect(0);
        }
        // What the packages depend on comes from where this repository restored it: the feed has to do without a server.
        foreach (string package in Repository.RuntimeDependencies)
            File.Copy(package, folder["feed", Path.GetFileName(package)]);
        return folder;
    }
}
