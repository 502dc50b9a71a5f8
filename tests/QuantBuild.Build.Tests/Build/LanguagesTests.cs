using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

/// <summary>F# and Visual Basic: no accessor is generated, <c>OpenEmbedded</c> opens the model of the project's own assembly.</summary>
public sealed class LanguagesTests
{
    [Theory]
    [InlineData("fsproj", "Program.fs", "fsharp")]
    [InlineData("vbproj", "Program.vb", "vb")]
    public void The_example_in_the_documentation_opens_the_model(string extension, string program, string language)
    {
        using var project = new ModelProject();
        string documentation = File.ReadAllText(Repository.PathOf("docs", "msbuild.md")).ReplaceLineEndings("\n");
        int start = documentation.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        Assert.True(start > language.Length + 4, "no example");
        string example = documentation[start..documentation.IndexOf("```", start, StringComparison.Ordinal)];
        project.Write("other/reduced.quant.json", ReducedModel.Text());
        project.Write($"other/{program}", example.Replace("tinywan", "reduced", StringComparison.Ordinal));
        project.Write($"other/App.{extension}", Apps.Project($"""
            <PackageReference Include="QuantBuild" Version="0.1.0" />
            <PackageReference Include="QuantBuild.MSBuild" Version="0.1.0" PrivateAssets="all" />
            <QuantManifest Include="reduced.quant.json" />
            {(language == "fsharp" ? """<Compile Include="Program.fs" />""" : "")}
            """).Replace("<ImplicitUsings>enable</ImplicitUsings>", "<QuantCacheRoot>store</QuantCacheRoot>", StringComparison.Ordinal));

        project.DotNet(project.Model["other", $"App.{extension}"], "build", []).Expect(0);

        Assert.Equal("reduced", project.Run("dotnet", "exec", project.Model["other", "bin", "Debug", "net10.0", "App.dll"])
            .Expect(0).Out.Trim());
    }
}
