using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class PackingTests
{
    private const string Library =
        """<QuantManifest Include="reduced.quant.json" Embed="{0}" /><PackageReference Include="QuantBuild" Version="0.1.0" />""";

    [Theory]
    [InlineData("auto")]
    [InlineData("false")]
    public void A_packed_model_is_used_by_reference_to_its_package(string embed)
    {
        using var project = new ModelProject(Library.Replace("{0}", embed, StringComparison.Ordinal),
            $"<PackageId>Model.{embed}</PackageId>");
        project.DotNet("pack", "-o", project.Model["models"]).Expect(0);
        project.Write("app/nuget.config", Packages.NuGetConfig(project.Model["models"]));
        project.Write("app/App.csproj", Apps.Project($"""<PackageReference Include="Model.{embed}" Version="1.0.0" />"""));
        project.Write("app/Program.cs", Apps.OpenModel);
        string app = project.Model["app", "App.csproj"];

        project.DotNet(app, "build", []).Expect(0);
        Outcome built = project.Run("dotnet", "exec", project.Model["app", "bin", "Debug", "net10.0", "App.dll"]).Expect(0);
        project.DotNet(app, "publish", ["-o", project.Model["published"]]).Expect(0);
        Outcome published = project.Run("dotnet", "exec", project.Model["published", "App.dll"]).Expect(0);

        Assert.StartsWith("reduced ", built.Out, StringComparison.Ordinal);
        Assert.Equal(built.Out, published.Out);
        Assert.Equal(embed == "false", Directory.Exists(project.Model["published", "artifact", "reduced"]));
    }

    [Fact]
    public void A_packed_model_beside_its_library_reaches_apps_through_other_packages_and_projects()
    {
        using var project = new ModelProject(Library.Replace("{0}", "false", StringComparison.Ordinal),
            "<PackageId>Model.Beside</PackageId>");
        string models = project.Model["models"];
        project.DotNet("pack", "-o", models).Expect(0);
        project.Write("deep/nuget.config", Packages.NuGetConfig(models));
        project.Write("deep/wrapper/Model.Wrapper.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Model.Beside" Version="1.0.0" />
              </ItemGroup>
            </Project>
            """);
        project.Write("deep/wrapper/Wrapper.cs", """
            public static class Wrapper
            {
                public static string Open()
                {
                    using var model = Reduced.QuantizedModels.Reduced.Open();
                    return model.Descriptor.Name;
                }
            }
            """);
        project.DotNet(project.Model["deep", "wrapper", "Model.Wrapper.csproj"], "pack", ["-o", models]).Expect(0);
        string[] references = ["""<PackageReference Include="Model.Wrapper" Version="1.0.0" />""",
            """<ProjectReference Include="../wrapper/Model.Wrapper.csproj" />"""];
        foreach ((int index, string reference) in references.Index())
        {
            string name = $"app{index}", published = project.Model["published", name];
            project.Write($"deep/{name}/App.csproj", Apps.Project(reference));
            project.Write($"deep/{name}/Program.cs", "Console.WriteLine(Wrapper.Open());");

            Outcome outcome = project.DotNet(project.Model["deep", name, "App.csproj"], "publish", ["-o", published]).Expect(0);

            Assert.Equal("reduced", project.Run("dotnet", "exec", project.Model["deep", name, "bin", "Release", "net10.0", "App.dll"])
                .Expect(0).Out.Trim());
            Assert.Equal("reduced", project.Run("dotnet", "exec", Path.Combine(published, "App.dll")).Expect(0).Out.Trim());
            Assert.DoesNotContain("Quantizing", outcome.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_package_that_registries_would_refuse_is_an_error()
    {
        using var project = new ModelProject();

        Outcome outcome = project.DotNet("pack", "-p:QuantPackageLimit=100000").Expect(1);

        Assert.Contains("error QB0005", outcome.Out, StringComparison.Ordinal);
    }
}
