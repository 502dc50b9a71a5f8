using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

/// <summary><c>--no-build</c>: what was built is published as it is, or not at all.</summary>
public sealed class NoBuildTests
{
    private static readonly string[] NoBuild = ["--no-build", "-c", "Debug"];

    [Fact]
    public void Publishing_without_building_never_works_and_takes_what_fits_the_assembly_only()
    {
        using var project = new ModelProject("""<QuantManifest Include="reduced.quant.json" Embed="false" />""", program: Apps.OpenModel);
        string[] publish = [.. NoBuild, "-o", project.Model["published"]];
        project.DotNet("build").Expect(0);
        string built = project.RunApp().Expect(0).Out;

        // An agent that has no checkpoint, and a manifest that was edited since.
        project.Model.Write(ReducedModel.Text(rank: 8).Replace("TinyWan/checkpoint", "TinyWan/nowhere", StringComparison.Ordinal));
        Outcome asBuilt = project.DotNet("publish", publish).Expect(0);
        string published = project.Run("dotnet", "exec", project.Model["published", "Reduced.dll"]).Expect(0).Out;
        project.Model.Write(ReducedModel.Text(rank: 8));
        project.DotNet("build", "-t:Quantize").Expect(0);
        Outcome another = project.DotNet("publish", publish).Expect(1);
        project.DotNet("build", "-t:QuantClean").Expect(0);
        Outcome missing = project.DotNet("pack", NoBuild).Expect(1);
        project.DotNet("build", "-p:QuantEnabled=false").Expect(0);
        Outcome without = project.DotNet("publish", publish).Expect(1);
        project.DotNet("publish", [.. publish, "-p:QuantEnabled=false"]).Expect(0);

        Assert.Equal(built, published);
        Assert.DoesNotContain("Quantizing", asBuilt.Out, StringComparison.Ordinal);
        Assert.Matches(@"reduced\.quant\.json : error QB0012: .*Reduced\.dll' was compiled with another model 'reduced'", another.Out);
        Assert.Matches("error QB0012: .* needs the files of the model 'reduced' beside it", missing.Out);
        Assert.Matches("error QB0012: .* was compiled without the model 'reduced'", without.Out);
    }

    [Fact]
    public void An_assembly_that_has_its_model_in_it_needs_no_artifact_to_be_published()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, program: Apps.OpenModel);
        project.DotNet("build").Expect(0);
        string built = project.RunApp().Expect(0).Out;
        project.DotNet("build", "-t:QuantClean").Expect(0);

        project.DotNet("publish", [.. NoBuild, "-o", project.Model["published"]]).Expect(0);

        Assert.Equal(built, project.Run("dotnet", "exec", project.Model["published", "Reduced.dll"]).Expect(0).Out);
        Assert.False(Directory.Exists(Path.Combine(project.Quant, "reduced")));
    }
}
