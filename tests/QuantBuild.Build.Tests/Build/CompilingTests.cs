using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

/// <summary>Compiling without a whole build before it: by an editor, by <c>-t:Compile</c>, or after somebody collected too early.</summary>
public sealed class CompilingTests
{
    private const string DefaultItems =
        "<EnableDefaultItems>true</EnableDefaultItems><DefaultItemExcludes>$(DefaultItemExcludes);store/**</DefaultItemExcludes>";

    private static readonly string[] Editor = ["-t:Compile", "-p:DesignTimeBuild=true", "-p:BuildingInsideVisualStudio=true",
        "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true"];

    [Fact]
    public void Editors_and_Compile_see_every_resource_once_before_a_build_and_after_it()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, DefaultItems, Apps.OpenModel);
        project.Edit("<Compile Include=\"*.cs\" />", "");
        project.DotNet("restore").Expect(0);

        Outcome fresh = project.DotNet("build", ["--no-restore", .. Editor]).Expect(0);
        bool worked = Directory.Exists(project.Model.Store);
        Outcome compiled = project.DotNet("build", "-t:Compile").Expect(0);
        project.DotNet("build").Expect(0);
        Outcome editor = project.DotNet("build", [.. Editor, "-getItem:EmbeddedResource"]).Expect(0);
        Outcome again = project.DotNet("build", "-t:Compile").Expect(0);

        Assert.False(worked, fresh.Out);
        Assert.Contains("Quantizing reduced", compiled.Out, StringComparison.Ordinal); // a compilation is no look
        Assert.DoesNotContain("Quantizing", editor.Out + again.Out, StringComparison.Ordinal);
        string[] resources = [.. editor.Lines.Where(line => line.StartsWith("\"FullPath\"", StringComparison.Ordinal))];
        Assert.Equal(5, resources.Length);
        Assert.Equal(resources, resources.Distinct());
        project.DotNet("build", "-question").Expect(0);
        Assert.StartsWith("reduced ", project.RunApp().Expect(0).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_that_collected_before_it_quantized_is_an_error()
    {
        using var project = new ModelProject(Apps.EmbeddedItem, program: Apps.OpenModel);

        Outcome collected = project.DotNet("build", "-t:QuantCollect;Build").Expect(1);
        project.DotNet("build", "-t:QuantClean").Expect(0);
        project.Edit("</Project>",
            """<Target Name="Early" BeforeTargets="BeforeBuild" DependsOnTargets="AssignTargetPaths" /></Project>""");
        Outcome early = project.DotNet("build").Expect(1);
        project.DotNet("build").Expect(0); // the model is there by now
        string four = project.RunApp().Expect(0).Out;
        project.Model.Write(ReducedModel.Text(rank: 8));
        Outcome stale = project.DotNet("build").Expect(1);
        project.Edit("DependsOnTargets=\"AssignTargetPaths\"", "DependsOnTargets=\"Quantize;AssignTargetPaths\"");
        project.Model.Write(ReducedModel.Text(rank: 2));
        project.DotNet("build").Expect(0);

        Assert.Matches(@"reduced\.quant\.json : error QB0013: .* without the model 'reduced'", collected.Out);
        Assert.Matches(@"reduced\.quant\.json : error QB0013: .* without the model 'reduced'", early.Out);
        Assert.Matches("error QB0013: .* with an earlier state of the model 'reduced'", stale.Out);
        Assert.NotEqual(four, project.RunApp().Expect(0).Out);
    }
}
