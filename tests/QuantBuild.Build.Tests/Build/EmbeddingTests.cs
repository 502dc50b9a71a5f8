using System.Text.RegularExpressions;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class EmbeddingTests
{
    [Fact]
    public void The_app_has_the_model_of_the_last_build_also_when_that_came_from_the_store()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, program: Apps.OpenModel);
        project.DotNet("build").Expect(0);
        string four = project.RunApp().Expect(0).Out;

        project.Model.Write(ReducedModel.Text(rank: 8));
        project.DotNet("build").Expect(0);
        string eight = project.RunApp().Expect(0).Out;
        project.Model.Write(ReducedModel.Text());
        project.DotNet("build").Expect(0);
        string back = project.RunApp().Expect(0).Out;

        Assert.StartsWith("reduced ", four, StringComparison.Ordinal);
        Assert.NotEqual(four, eight);
        Assert.Equal(four, back);
        Assert.False(Directory.Exists(project.Artifact));
        project.DotNet("build", "-question").Expect(0);
    }

    [Fact]
    public void An_artifact_above_the_limit_lies_beside_the_app_and_is_held_against_the_embedded_descriptor()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, "<QuantEmbedLimit>100000</QuantEmbedLimit>", Apps.OpenModel);
        project.DotNet("build").Expect(0);
        project.RunApp().Expect(0);
        Assert.True(new FileInfo(project.Model["bin", "Debug", "net10.0", "Reduced.dll"]).Length < 500_000);

        string config = Path.Combine(project.Artifact, "low_noise_model", "config.json");
        string text = File.ReadAllText(config);
        File.Delete(config);
        File.WriteAllText(config, text.Replace("512", "256", StringComparison.Ordinal));
        Outcome damaged = project.RunApp();

        Assert.NotEqual(0, damaged.ExitCode);
        Assert.Contains("SHA-256", damaged.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Code_that_uses_the_accessor_compiles_without_the_model()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, program: Apps.OpenModel);

        project.DotNet("build", "-restore", "-t:Compile", "-p:DesignTimeBuild=true").Expect(0);
        project.DotNet("build", "-p:QuantEnabled=false").Expect(0);
        Outcome app = project.RunApp();

        Assert.False(Directory.Exists(project.Model.Store));
        Assert.NotEqual(0, app.ExitCode);
        Assert.Contains("built without the model 'reduced'", app.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_accessor_of_a_layout_for_other_programs_says_so_to_the_compiler()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, program: Apps.OpenModel);
        project.Model.Write(ReducedModel.Text()
            .Replace("\"quantize\": {", "\"output\": { \"layout\": \"bf16\" },\n  \"quantize\": {", StringComparison.Ordinal));

        Outcome refused = project.DotNet("build").Expect(1);
        project.Write("Program.cs", "Console.WriteLine(Reduced.QuantizedModels.Reduced.Digest);");
        project.DotNet("build").Expect(0);

        Assert.Matches(@"Program\.cs\(1,\d+\): error CS0619: .*'bf16', which is for other programs", refused.Out);
        Assert.True(File.Exists(Path.Combine(project.Artifact, "artifact.json"))); // beside the app, though it is small
    }

    [Fact]
    public void Names_of_models_become_classes_that_compile_or_are_an_error()
    {
        using var project = new ModelProject("""<QuantManifest Include="open.quant.json;re-duced.quant.json" />""",
            program: "Console.WriteLine(Reduced.QuantizedModels.OpenModel.Name + Reduced.QuantizedModels.ReDuced.Name);");
        project.DotNet("build", "-p:QuantEnabled=false").Expect(0);

        project.Edit("open.quant.json;", "re.duced.quant.json;");
        Outcome outcome = project.DotNet("build", "-p:QuantEnabled=false").Expect(1);

        Assert.Matches(@"re-duced\.quant\.json : error QB0002: .*'ReDuced'", outcome.Out);
    }

    [Fact]
    public void A_build_without_models_does_not_eat_the_artifact()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, program: Apps.OpenModel);
        project.DotNet("build").Expect(0);
        string before = ReducedModel.Bytes(Path.Combine(project.Quant, "reduced"));

        project.DotNet("build", "-p:QuantEnabled=false").Expect(0);

        Assert.Equal(before, ReducedModel.Bytes(Path.Combine(project.Quant, "reduced")));
        Assert.DoesNotContain("Quantizing", project.DotNet("build").Expect(0).Out, StringComparison.Ordinal);
        project.RunApp().Expect(0);
    }

    [Fact]
    public void A_name_that_ends_like_a_language_is_no_translation()
    {
        using var project = new ModelProject("""<QuantManifest Include="reduced.fr.quant.json" />""", program: Apps.OpenModel
            .Replace("QuantizedModels.Reduced", "QuantizedModels.ReducedFr", StringComparison.Ordinal));
        project.Write("reduced.fr.quant.json", ReducedModel.Text());

        project.DotNet("build").Expect(0);

        Assert.StartsWith("reduced.fr ", project.RunApp().Expect(0).Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(project.Model["bin", "Debug", "net10.0", "fr"]));
    }

    [Fact]
    public void An_artifact_that_no_assembly_can_hold_is_an_error()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);
        string descriptor = Path.Combine(project.Quant, "reduced", "artifact.json");
        string text = Regex.Replace(File.ReadAllText(descriptor), "\"size\": ?\\d+", "\"size\": 2000000000");
        File.Delete(descriptor);
        File.WriteAllText(descriptor, text);
        project.Edit("Embed=\"false\"", "Embed=\"true\"");

        Outcome outcome = project.DotNet("build", "-t:QuantCollect").Expect(1);

        Assert.Matches(@"reduced\.quant\.json : error QB0004: The artifact of 'reduced' has \d{10,} bytes", outcome.Out);
    }
}
