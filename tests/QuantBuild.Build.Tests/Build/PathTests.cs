using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

/// <summary>The folder of every project under test has a space and a letter beyond ASCII in its name.</summary>
public sealed class PathTests
{
    [Fact]
    public void Backslashes_separate_folders_in_projects_and_manifests()
    {
        using var project = new ModelProject("""<QuantManifest Include="models\ünter ordner\reduced.quant.json" Embed="false" />""");
        File.Copy(Repository.PathOf("models", "TinyWan", "calibration.jsonl"), project.Model["samples.jsonl"]);
        File.Copy(Repository.PathOf("models", "TinyWan", "calibration.safetensors"), project.Model["samples.safetensors"]);
        project.Write("models/ünter ordner/reduced.quant.json", ReducedModel.Text()
            .Replace(Repository.PathOf("models", "TinyWan", "calibration.jsonl"), @"..\\..\\samples.jsonl", StringComparison.Ordinal));

        project.DotNet("build").Expect(0);
        project.DotNet("build", "-question").Expect(0);

        Assert.True(File.Exists(project.Model["models", "ünter ordner", "reduced.quant.lock.json"]));
        Tool.Run(project.Model.Folder, "verify", project.Artifact).Expect(0);
    }

    [Fact]
    public void Two_models_cannot_have_one_name()
    {
        using var project = new ModelProject("""<QuantManifest Include="reduced.quant.json" /><QuantManifest Include="other/reduced.quant.json" />""");

        Outcome outcome = project.DotNet("build").Expect(1);

        Assert.Contains("error QB0002", outcome.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    public void A_name_is_no_path(string name)
    {
        using var project = new ModelProject($"""<QuantManifest Include="reduced.quant.json" LogicalName="{name}" />""");

        Outcome outcome = project.DotNet("build").Expect(1);

        Assert.Contains("error QB0002", outcome.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(project.Model.Store));
    }
}
