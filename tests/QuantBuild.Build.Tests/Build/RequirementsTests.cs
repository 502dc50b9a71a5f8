using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class RequirementsTests
{
    [Theory]
    [InlineData("_QuantMSBuildVersion=17.14.8", "QB0007")]
    [InlineData("NETCoreSdkVersion=9.0.300", "QB0009")]
    public void What_is_too_old_is_named(string property, string code)
    {
        using var project = new ModelProject();
        project.DotNet("restore").Expect(0);

        Outcome outcome = project.DotNet("build", "--no-restore", "-t:Quantize", "-p:" + property).Expect(1);
        Outcome editor = project.DotNet("build", "--no-restore", "-t:QuantCollect", "-p:DesignTimeBuild=true", "-p:" + property).Expect(0);

        Assert.Matches($"error {code}: .*{property.Split('=')[1]}", outcome.Out);
        Assert.DoesNotContain("QB00", editor.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(project.Model.Store));
    }

    [Theory]
    [InlineData("QuantVerbosity=loud")]
    [InlineData("QuantMemoryLimit=much")]
    [InlineData("QuantEnabled=ture")]
    [InlineData("QuantLockedMode=strict")]
    public void A_value_that_a_property_cannot_have_is_an_error(string property)
    {
        using var project = new ModelProject();

        Outcome outcome = project.DotNet("build", "-p:" + property).Expect(1);

        Assert.Contains("error QB0010: ", outcome.Out, StringComparison.Ordinal);
        Assert.Contains(property.Split('=')[1], outcome.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(project.Artifact));
    }

    [Fact]
    public void A_value_that_Embed_cannot_have_is_an_error()
    {
        using var project = new ModelProject("""<QuantManifest Include="reduced.quant.json" Embed="maybe" />""");

        Outcome outcome = project.DotNet("build").Expect(1);

        Assert.Matches(@"reduced\.quant\.json : error QB0010: 'maybe' ", outcome.Out);
    }

    [Fact]
    public void A_project_of_the_old_kind_is_told_what_it_lacks()
    {
        using var project = new ModelProject();
        project.DotNet("restore").Expect(0);
        string package = Path.Combine(Packages.Restored, "quantbuild.msbuild", "0.1.0", "build");
        project.Write("Old.proj", $"""
            <Project>
              <Import Project="{package}/QuantBuild.MSBuild.props" />
              <ItemGroup>
                <QuantManifest Include="reduced.quant.json" />
              </ItemGroup>
              <Import Project="{package}/QuantBuild.MSBuild.targets" />
            </Project>
            """);

        Outcome outcome = project.DotNet(project.Model["Old.proj"], "msbuild", ["-t:Quantize"]).Expect(1);

        Assert.Contains("error QB0008: 'Old.proj' does not use the .NET SDK", outcome.Out, StringComparison.Ordinal);
    }
}
