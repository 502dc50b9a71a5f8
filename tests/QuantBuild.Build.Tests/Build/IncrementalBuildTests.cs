using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class IncrementalBuildTests
{
    [Fact]
    public void The_first_build_delivers_the_artifact_and_the_second_does_nothing()
    {
        using var project = new ModelProject();

        Outcome first = project.DotNet("build").Expect(0);
        Outcome second = project.DotNet("build").Expect(0);
        Outcome question = project.DotNet("build", "-question").Expect(0);

        Assert.Contains("Quantizing reduced", first.Out, StringComparison.Ordinal);
        Assert.Contains("reduced calibrated: 1 action ran, 0 came from the store", first.Out, StringComparison.Ordinal);
        Assert.Matches(@"reduced: \d+ actions ran, 1 came from the store", first.Out);
        Assert.DoesNotContain("ing reduced", second.Out + question.Out, StringComparison.Ordinal);
        Tool.Run(project.Model.Folder, "verify", project.Artifact).Expect(0);
    }

    [Fact]
    public void A_changed_manifest_replaces_the_delivered_artifact_and_changing_it_back_does_so_from_the_store()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);
        string before = ReducedModel.Bytes(project.Artifact);

        project.Model.Write(ReducedModel.Text(rank: 8));
        project.DotNet("build").Expect(0);
        string changed = ReducedModel.Bytes(project.Artifact);
        project.Model.Write(ReducedModel.Text());
        Outcome back = project.DotNet("build").Expect(0);

        Assert.NotEqual(before, changed);
        Assert.Equal(before, ReducedModel.Bytes(project.Artifact));
        Assert.Contains("reduced: 0 actions ran, ", back.Out, StringComparison.Ordinal);
        project.DotNet("build", "-question").Expect(0);
    }

    [Fact]
    public void A_touched_input_runs_the_worker_but_no_action()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);

        File.SetLastWriteTimeUtc(project.Model.Manifest, DateTime.UtcNow);
        Outcome again = project.DotNet("build").Expect(0);

        Assert.Contains("reduced: 0 actions ran, ", again.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_edited_while_a_model_was_quantized_is_seen_by_the_next_build()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);
        project.DotNet("build", "-question").Expect(0);
        DateTime calibrated = File.GetLastWriteTimeUtc(Path.Combine(project.Quant, "reduced.calibrated"));
        DateTime quantized = File.GetLastWriteTimeUtc(Path.Combine(project.Quant, "reduced.stamp"));

        project.Model.Write(ReducedModel.Text(rank: 8));
        File.SetLastWriteTimeUtc(project.Model.Manifest, calibrated + ((quantized - calibrated) / 2));
        Outcome next = project.DotNet("build").Expect(0);

        Assert.True(calibrated < quantized);
        Assert.Contains("Quantizing reduced", next.Out, StringComparison.Ordinal);
        project.DotNet("build", "-question").Expect(0);
    }

    [Fact]
    public void A_deleted_output_is_delivered_again()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);
        string before = ReducedModel.Bytes(project.Artifact);

        File.Delete(Path.Combine(project.Artifact, "artifact.json"));
        File.Delete(project.Model["obj", "Debug", "net10.0", "quant", "reduced", "artifact.json"]);
        Outcome again = project.DotNet("build").Expect(0);

        Assert.Contains("reduced: 0 actions ran, ", again.Out, StringComparison.Ordinal);
        Assert.Equal(before, ReducedModel.Bytes(project.Artifact));
    }

    [Fact]
    public void Two_models_of_one_project_are_built_apart()
    {
        using var project = new ModelProject("""
            <QuantManifest Include="reduced.quant.json" Embed="false" />
            <QuantManifest Include="other.quant.json" LogicalName="second" Embed="false" />
            """);
        File.WriteAllText(project.Model["other.quant.json"], ReducedModel.Text(rank: 8));

        Outcome first = project.DotNet("build").Expect(0);
        project.DotNet("build", "-question").Expect(0);
        File.WriteAllText(project.Model["other.quant.json"], ReducedModel.Text(rank: 2));
        Outcome changed = project.DotNet("build").Expect(0);

        Assert.Contains("Quantizing reduced", first.Out, StringComparison.Ordinal);
        Assert.Contains("Quantizing second", first.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Quantizing reduced", changed.Out, StringComparison.Ordinal);
        Assert.Contains("Quantizing second", changed.Out, StringComparison.Ordinal);
        string second = project.Model["bin", "Debug", "net10.0", "artifact", "second"];
        Tool.Run(project.Model.Folder, "verify", project.Artifact).Expect(0);
        Tool.Run(project.Model.Folder, "verify", second).Expect(0);
        Assert.NotEqual(ReducedModel.Bytes(project.Artifact), ReducedModel.Bytes(second));
    }

    [Fact]
    public void Every_input_is_watched()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);

        string[] inputs = File.ReadAllLines(project.Model["obj", "Debug", "net10.0", "quant", "reduced.inputs"]);

        Assert.All(inputs, input => Assert.True(File.Exists(input), input));
        string[] names = [.. inputs.Select(input => Path.GetFileName(input)!)];
        Assert.Superset(
            new HashSet<string>(["reduced.quant.json", "reduced.quant.lock.json", "calibration.jsonl", "calibration.safetensors",
                "config.json",
                "diffusion_pytorch_model-00001-of-00002.safetensors", "diffusion_pytorch_model.safetensors.index.json",
                    "diffusion_pytorch_model.safetensors"]),
            names.ToHashSet());
    }
}
