using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class SwitchesTests
{
    [Fact]
    public void A_design_time_build_never_works()
    {
        using var project = new ModelProject();

        Outcome outcome = project.DotNet("build", "-p:DesignTimeBuild=true", "-restore", "-t:Compile").Expect(0);

        Assert.DoesNotContain("Quantizing", outcome.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(project.Model.Store));
    }

    [Fact]
    public void A_disabled_project_builds_without_a_model()
    {
        using var project = new ModelProject();

        project.DotNet("build", "-p:QuantEnabled=false").Expect(0);
        project.DotNet("build", "-p:QuantEnabled=false", "-t:Quantize").Expect(0);

        Assert.False(Directory.Exists(project.Model.Store));
        Assert.False(Directory.Exists(project.Artifact));
    }

    [Fact]
    public void QuantForce_builds_over_the_files_of_others_and_leaves_those_of_other_names()
    {
        using var project = new ModelProject(properties: "<QuantOutputPath>models</QuantOutputPath>");
        project.Write("models/reduced/high_noise_model/config.json", "mine");
        project.Write("models/reduced/notes.txt", "mine");

        Outcome refused = project.DotNet("build").Expect(1);
        string before = File.ReadAllText(project.Model["models", "reduced", "high_noise_model", "config.json"]);
        project.DotNet("build", "-p:QuantForce=true").Expect(0);
        Outcome next = project.DotNet("build").Expect(0);

        Assert.Matches("error QB5070: .*config.json", refused.Out);
        Assert.Equal("mine", before);
        Assert.NotEqual("mine", File.ReadAllText(project.Model["models", "reduced", "high_noise_model", "config.json"]));
        Assert.Equal("mine", File.ReadAllText(project.Model["models", "reduced", "notes.txt"]));
        Assert.DoesNotContain("Quantizing", next.Out, StringComparison.Ordinal); // no part of what is compared
    }

    [Fact]
    public void The_target_can_be_run_alone()
    {
        using var project = new ModelProject();

        project.DotNet("build", "-t:Quantize").Expect(0);

        Assert.True(File.Exists(project.Model["obj", "Debug", "net10.0", "quant", "reduced", "artifact.json"]));
        Assert.False(Directory.Exists(project.Model["bin"]));
    }

    [Fact]
    public void An_editor_that_asks_for_the_files_to_copy_gets_those_of_the_last_build_and_starts_no_work()
    {
        using var project = new ModelProject();
        string[] question = ["-restore", "-p:DesignTimeBuild=true", "-t:GetCopyToOutputDirectoryItems", "-getItem:None"];

        Outcome before = project.DotNet("build", question).Expect(0);
        bool worked = Directory.Exists(project.Model.Store);
        project.DotNet("build").Expect(0);
        project.Model.Write(ReducedModel.Text(rank: 8));
        Outcome after = project.DotNet("build", question).Expect(0);

        Assert.False(worked);
        Assert.DoesNotContain("artifact/reduced", before.Out, StringComparison.Ordinal);
        Assert.Contains("artifact/reduced/artifact.json", after.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Quantizing", after.Out, StringComparison.Ordinal);
    }
}
