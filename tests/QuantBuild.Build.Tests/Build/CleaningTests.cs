using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class CleaningTests
{
    [Fact]
    public void Clean_removes_what_was_built_and_keeps_the_store()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);

        project.DotNet("clean").Expect(0);
        bool removed = !File.Exists(Path.Combine(project.Artifact, "artifact.json"))
            && !Directory.EnumerateFiles(project.Quant, "*", SearchOption.AllDirectories).Any();
        Outcome again = project.DotNet("build").Expect(0);

        Assert.True(removed);
        Assert.Contains("reduced: 0 actions ran, ", again.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void QuantClean_removes_only_the_quantized_files()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);

        project.DotNet("build", "-t:QuantClean").Expect(0);

        Assert.False(Directory.Exists(project.Model["obj", "Debug", "net10.0", "quant"]));
        Assert.True(File.Exists(project.Model["obj", "Debug", "net10.0", "Reduced.dll"]));
    }

    [Fact]
    public void A_damaged_artifact_is_a_diagnostic_that_QuantClean_cures()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);
        string descriptor = Path.Combine(project.Quant, "reduced", "artifact.json");
        File.Delete(descriptor);
        File.WriteAllText(descriptor, "{");

        Outcome damaged = project.DotNet("build").Expect(1);
        project.DotNet("build", "-t:QuantClean").Expect(0);
        project.DotNet("build").Expect(0);

        Assert.Contains("error QB0006", damaged.Out, StringComparison.Ordinal);
        Tool.Run(project.Model.Folder, "verify", project.Artifact).Expect(0);
    }

    [Theory]
    [InlineData("\"size\": ", "\"size\": 0.5")]
    [InlineData("\"size\": ", "\"size\": -1")]
    [InlineData("\"sha256\": \"", "\"sha256\": \"\\ud800")]
    [InlineData("\"sha256\": \"", "\"sha256\": null, \"x\": \"")]
    [InlineData("\"directory\": \"", "\"directory\": \"../../")]
    [InlineData("\"layout\": \"", "\"layout\": [], \"x\": \"")]
    public void A_descriptor_with_values_of_wrong_kinds_is_a_diagnostic_and_no_exception_of_the_task(string find, string put)
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);
        string descriptor = Path.Combine(project.Quant, "reduced", "artifact.json"), text = File.ReadAllText(descriptor);
        File.Delete(descriptor);
        File.WriteAllText(descriptor, text.Replace(find, put, StringComparison.Ordinal));

        Outcome damaged = project.DotNet("build").Expect(1);

        Assert.NotEqual(text, File.ReadAllText(descriptor));
        Assert.Contains("error QB0006", damaged.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("MSB4018", damaged.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_leaves_nothing_of_the_model_that_it_replaced_and_eats_nothing_of_the_one_that_it_has()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, program: Apps.OpenModel);
        project.DotNet("build").Expect(0);
        string[] before = Embedded(project);

        project.Model.Write(ReducedModel.Text(rank: 8));
        project.DotNet("build").Expect(0);
        string[] after = Embedded(project);
        File.SetLastWriteTimeUtc(project.Model["Program.cs"], DateTime.UtcNow);
        project.DotNet("build").Expect(0);

        Assert.NotEmpty(before);
        Assert.Equal(before.Length, after.Length);
        Assert.NotEqual(before, after);
        Assert.Equal(after, Embedded(project));
        Tool.Run(project.Model.Folder, "verify", Path.Combine(project.Quant, "reduced")).Expect(0);
        project.RunApp().Expect(0);
    }

    [Fact]
    public void QuantClean_leaves_the_files_of_others_in_a_folder_that_was_chosen_and_takes_its_own()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, "<QuantOutputPath>models (1)</QuantOutputPath>", Apps.OpenModel);
        project.Write("models (1)/notes.txt", "mine");
        project.Write("models (1)/other/artifact.json", "{}");

        project.DotNet("build").Expect(0);
        project.DotNet("build", "-t:QuantClean").Expect(0);
        string[] left = [.. Directory.EnumerateFiles(project.Model["models (1)"], "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)];
        project.DotNet("build").Expect(0);
        File.Delete(project.Model["models (1)", "notes.txt"]);
        Directory.Delete(project.Model["models (1)", "other"], recursive: true);
        project.DotNet("build", "-t:QuantClean").Expect(0);

        Assert.Equal([project.Model["models (1)", "notes.txt"], project.Model["models (1)", "other", "artifact.json"]], left);
        Assert.False(Directory.Exists(project.Model["models (1)"]));
    }

    private static string[] Embedded(ModelProject project) =>
        [.. Directory.EnumerateFiles(Path.Combine(project.Quant, "embedded"), "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)];
}
