using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Package;

/// <summary>
/// What the documentation tells a new user to type, with nothing but the SDK, a folder of packages, and caches that are empty.
/// </summary>
public sealed class FreshConsoleTests
{
    [Fact]
    public void A_new_console_app_that_adds_the_packages_builds_and_runs()
    {
        using var model = new ReducedModel();
        File.WriteAllText(model["nuget.config"], Packages.NuGetConfig());

        Run(model, "new", "console", "--name", "Fresh", "--no-restore");
        string folder = model["Fresh"];
        Run(model, "add", folder, "package", "QuantBuild");
        Run(model, "add", folder, "package", "QuantBuild.MSBuild");
        File.Move(model.Manifest, Path.Combine(folder, "reduced.quant.json"));
        string project = Path.Combine(folder, "Fresh.csproj");
        string text = File.ReadAllText(project);
        File.WriteAllText(project, text.Replace("</Project>", """
              <ItemGroup>
                <QuantManifest Include="reduced.quant.json" />
              </ItemGroup>
            </Project>
            """, StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(folder, "Program.cs"), """
            using Fresh;
            using QuantBuild;

            using ModelArtifact model = QuantizedModels.Reduced.Open();
            Console.WriteLine($"{model.Descriptor.Name} has {model.Descriptor.Experts.Count} experts");
            """);
        Outcome built = Run(model, "build", project);
        Outcome app = Run(model, "run", "--project", project, "--no-build");

        Assert.Contains("<PrivateAssets>all</PrivateAssets>", text, StringComparison.Ordinal);
        Assert.Contains("reduced calibrated: 1 action ran, 0 came from the store", built.Out, StringComparison.Ordinal);
        Assert.Equal("reduced has 2 experts", app.Out.Trim());
    }

    private static Outcome Run(ReducedModel model, params string[] arguments)
    {
        Dictionary<string, string?> environment = ModelProject.CleanEnvironment();
        environment["NUGET_PACKAGES"] = model["packages"];
        environment["QUANTBUILD_CACHE"] = model.Store;
        environment["MSBUILDTERMINALLOGGER"] = "off";
        using var process = new RunningProcess("dotnet", arguments, model.Folder, environment);
        return process.Wait().Expect(0);
    }
}
