using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class ConsumerTests
{
    [Fact]
    public void An_app_that_references_the_model_project_gets_the_artifact()
    {
        using var project = new ModelProject();
        Directory.CreateDirectory(project.Model["app"]);
        string app = project.Model["app", "App.csproj"];
        File.WriteAllText(app, """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="../Reduced.csproj" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(project.Model["app", "Program.cs"], "return 0;");

        project.DotNet(app, "build", []).Expect(0);
        string first = ReducedModel.Bytes(project.Model["app", "bin", "Debug", "net10.0", "artifact", "reduced"]);
        project.Model.Write(ReducedModel.Text(rank: 8));
        project.DotNet(app, "build", []).Expect(0);
        project.DotNet(app, "publish", ["-c", "Debug", "-o", project.Model["published"]]).Expect(0);

        string second = ReducedModel.Bytes(project.Artifact);
        string published = ReducedModel.Bytes(project.Model["published", "artifact", "reduced"]);
        project.Model.Write(ReducedModel.Text());
        project.DotNet(app, "publish", ["-c", "Debug", "-o", project.Model["published"]]).Expect(0);

        Assert.NotEqual(first, second);
        Assert.Equal(second, published);
        Assert.Equal(first, ReducedModel.Bytes(project.Artifact)); // from the store, where it is older than what it replaces
        Assert.Equal(ReducedModel.Bytes(project.Artifact), ReducedModel.Bytes(project.Model["app", "bin", "Debug", "net10.0", "artifact", "reduced"]));
        Assert.Equal(ReducedModel.Bytes(project.Artifact), ReducedModel.Bytes(project.Model["published", "artifact", "reduced"]));
    }
}
