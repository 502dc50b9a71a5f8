using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class ConsumerTests
{
    [Fact]
    public void Two_libraries_may_bring_one_model_and_different_models_of_one_name_are_an_error_of_the_app_that_names_both()
    {
        using var project = new ModelProject();
        foreach ((string name, int rank) in new[] { ("One", 4), ("Two", 8) })
        {
            project.Write($"{name}/reduced.quant.json", ReducedModel.Text(rank));
            project.Write($"{name}/{name}.csproj", Apps.Project("""
                <PackageReference Include="QuantBuild" Version="0.1.0" />
                <PackageReference Include="QuantBuild.MSBuild" Version="0.1.0" PrivateAssets="all" />
                <QuantManifest Include="reduced.quant.json" Embed="false" />
                """).Replace("<OutputType>Exe</OutputType>", "<QuantCacheRoot>../store</QuantCacheRoot>", StringComparison.Ordinal));
        }
        project.Write("both/App.csproj",
            Apps.Project("""<ProjectReference Include="../One/One.csproj" /><ProjectReference Include="../Two/Two.csproj" />"""));
        project.Write("both/Program.cs", """
            foreach (var open in new Func<bool, QuantBuild.ModelArtifact>[] { One.QuantizedModels.Reduced.Open, Two.QuantizedModels.Reduced.Open })
                open(true).Dispose();
            """);
        string app = project.Model["both", "App.csproj"];

        project.Write("Two/reduced.quant.json", ReducedModel.Text(rank: 4));
        project.DotNet(app, "publish", ["-o", project.Model["shared"]]).Expect(0); // the same model of both is published once
        project.Write("Two/reduced.quant.json", ReducedModel.Text(rank: 8));
        Outcome clash = project.DotNet(app, "publish", ["-o", project.Model["published"]]).Expect(1);
        File.WriteAllText(project.Model["Two", "Two.csproj"], File.ReadAllText(project.Model["Two", "Two.csproj"])
            .Replace("Embed=\"false\"", "Embed=\"false\" LogicalName=\"second\" ClassName=\"Reduced\"", StringComparison.Ordinal));
        project.DotNet(app, "publish", ["-o", project.Model["published"]]).Expect(0);

        project.Run("dotnet", "exec", project.Model["shared", "App.dll"]).Expect(0);
        Tool.Run(project.Model.Folder, "verify", project.Model["shared", "artifact", "reduced"]).Expect(0);
        Assert.Matches("error QB0016: .*artifact/reduced .*One.*Two.*LogicalName", clash.Out);
        project.Run("dotnet", "exec", project.Model["published", "App.dll"]).Expect(0);
    }

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
        Assert.Equal(ReducedModel.Bytes(project.Artifact),
            ReducedModel.Bytes(project.Model["app", "bin", "Debug", "net10.0", "artifact", "reduced"]));
        Assert.Equal(ReducedModel.Bytes(project.Artifact), ReducedModel.Bytes(project.Model["published", "artifact", "reduced"]));
    }
}
