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
    public void A_quotation_mark_in_a_manifests_path_adds_nothing_to_the_command_line()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no file can have such a name there");
        using var project = new ModelProject("""<QuantManifest Include="a&quot; --no-report &quot;b/reduced.quant.json" Embed="false" />""");
        project.Write("a\" --no-report \"b/reduced.quant.json", ReducedModel.Text());

        project.DotNet("build").Expect(0);

        Assert.True(File.Exists(project.Model["a\" --no-report \"b", "reduced.quant.lock.json"]));
        Assert.True(File.Exists(Path.Combine(project.Quant, "reduced.report.html")));
        project.DotNet("build", "-question").Expect(0);
        Tool.Run(project.Model.Folder, "verify", project.Artifact).Expect(0);
    }

    [Fact]
    public void A_name_does_not_end_in_a_line_feed()
    {
        using var project = new ModelProject("""<QuantManifest Include="reduced.quant.json" LogicalName="reduced%0A" />""");

        Assert.Contains("error QB0002", project.DotNet("build").Expect(1).Out, StringComparison.Ordinal);
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
