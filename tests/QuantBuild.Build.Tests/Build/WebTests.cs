using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

/// <summary>Projects whose default globs take every source file and every JSON file.</summary>
public sealed class WebTests
{
    [Fact]
    public void A_web_app_publishes_its_model_and_nothing_that_the_model_is_made_of()
    {
        using var project = new ModelProject();
        var checkpoint = new CheckpointCopy(project.Model);
        File.WriteAllText(checkpoint["configuration.json"], "{}"); // part of the checkpoint, but read by nobody
        project.Write("web.settings.json", "{}");
        project.Write("Reduced.csproj", """
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <QuantCacheRoot>store</QuantCacheRoot>
                <QuantOutputPath>built/models</QuantOutputPath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="QuantBuild" Version="0.1.0" />
                <PackageReference Include="QuantBuild.MSBuild" Version="0.1.0" PrivateAssets="all" />
                <QuantManifest Include="reduced.quant.json" Embed="false" />
              </ItemGroup>
            </Project>
            """);
        project.Write("Program.cs", Apps.OpenModel);
        string published = project.Model["published"];

        project.DotNet("publish", "-c", "Debug", "-o", published).Expect(0);
        project.DotNet("build").Expect(0); // finds the accessor of the first in a folder of the project
        project.DotNet("build", "-question").Expect(0);

        Assert.StartsWith("reduced ", project.Run("dotnet", "exec", Path.Combine(published, "Reduced.dll")).Expect(0).Out,
            StringComparison.Ordinal);
        string[] json = [.. Directory.EnumerateFiles(published, "*.json", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(published, file).Replace('\\', '/'))
            .Where(file => !file.StartsWith("Reduced.", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Equal(["artifact/reduced/artifact.json", "artifact/reduced/high_noise_model/config.json",
            "artifact/reduced/low_noise_model/config.json",
            "artifact/reduced/provenance.intoto.json", "artifact/reduced/quality.json", "web.settings.json"], json);
    }
}
