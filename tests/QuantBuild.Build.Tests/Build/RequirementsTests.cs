using System.Text.Json;
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

    [Fact]
    public void Every_value_that_a_property_or_a_metadatum_cannot_have_is_an_error_with_those_that_it_can()
    {
        using var project =
            new ModelProject(
                """<QuantManifest Include="reduced.quant.json" Embed="maybe" CopyToOutputDirectory="Sometimes" PackagePath="../elsewhere" />""");
        project.DotNet("restore").Expect(0);
        Dictionary<string, string[]> limited = Limited();
        limited.Remove("QuantTaskFactory"); // names who loads what checks the others

        // All at once, as somebody would write them into a project.
        Outcome outcome = project.DotNet("build", ["--no-restore", .. limited.Keys.Select(name => $"-p:{name}=odd%3B{name}")]).Expect(1);
        Outcome factory = project.DotNet("build", "--no-restore", "-p:QuantTaskFactory=Workshop").Expect(1);

        Assert.All(limited, property => Assert.Contains(outcome.Lines, line =>
            line.Contains($"error QB0010: 'odd;{property.Key}' cannot be the value of {property.Key}: ", StringComparison.Ordinal)
            && property.Value.All(value => line.Contains(value, StringComparison.Ordinal))));
        Assert.Matches(@"reduced\.quant\.json : error QB0010: 'maybe' cannot be the value of Embed: auto, true and false can", outcome.Out);
        Assert.Matches(@"reduced\.quant\.json : error QB0010: 'Sometimes' cannot be the value of CopyToOutputDirectory: .*PreserveNewest",
            outcome.Out);
        Assert.Matches(@"reduced\.quant\.json : error QB0010: '\.\./elsewhere' cannot be the value of PackagePath: ", outcome.Out);
        Assert.DoesNotMatch("error (?!QB0010)", outcome.Out + factory.Out);
        Assert.Contains("error QB0010: 'Workshop' cannot be the value of QuantTaskFactory: AssemblyTaskFactory and TaskHostFactory can",
            factory.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(project.Model.Store));
    }

    [Fact]
    public void Sizes_are_numbers_of_bytes_or_have_a_unit_and_letters_may_be_of_either_case()
    {
        using var project = new ModelProject("""<QuantManifest Include="reduced.quant.json" />""");

        Outcome small = project.DotNet("build", "-p:QuantEmbedLimit=1KiB", "-p:QuantCopyToOutputDirectory=preservenewest",
            "-p:QuantVerbosity=Normal", "-getItem:QuantArtifact", "-t:Build").Expect(0);
        Outcome large = project.DotNet("build", "-p:QuantEmbedLimit=64MiB", "-p:QuantAccessorVisibility=INTERNAL", "-getItem:QuantArtifact",
            "-t:Build").Expect(0);
        Outcome plain = project.DotNet("build", "-p:QuantEmbedLimit=1024", "-getItem:QuantArtifact", "-t:Build").Expect(0);
        Outcome package = project.DotNet("pack", "-p:QuantPackageLimit=1KB").Expect(1);

        Assert.Contains("\"Embedded\": \"false\"", small.Out, StringComparison.Ordinal);
        Assert.Contains("\"Embedded\": \"true\"", large.Out, StringComparison.Ordinal);
        Assert.Contains("\"Embedded\": \"false\"", plain.Out, StringComparison.Ordinal);
        Assert.Contains("error QB0005: ", package.Out, StringComparison.Ordinal);
    }

    /// <summary>The properties of which the editors' schema says what they can be, with those values.</summary>
    private static Dictionary<string, string[]> Limited()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("targets", "QuantBuild.MSBuild.buildschema.json")));
        var limited = new Dictionary<string, string[]> { ["QuantMemoryLimit"] = ["24GiB", "75%"] };
        foreach (JsonProperty property in schema.RootElement.GetProperty("properties").EnumerateObject())
        {
            JsonElement type = property.Value.GetProperty("type");
            if (type.ValueKind == JsonValueKind.Object)
                limited[property.Name] = [.. type.GetProperty("values").EnumerateObject().Select(value => value.Name)];
            else if (type.ValueKind == JsonValueKind.Array)
                limited[property.Name] = [.. type.EnumerateArray().Select(value => value.GetString()!)];
            else if (type.GetString() == "bool")
                limited[property.Name] = ["true", "false"];
            else if (type.GetString() == "int" || property.Name.EndsWith("Limit", StringComparison.Ordinal))
                limited[property.Name] = limited.GetValueOrDefault(property.Name) ?? ["number"];
        }
        return limited;
    }

    [Fact]
    public void A_project_without_a_manifest_builds_and_packs_as_if_the_package_were_not_there()
    {
        using var project = new ModelProject("""<QuantManifest Include="none/*.quant.json" />""",
            "<TargetFrameworks>net10.0</TargetFrameworks>", "return 0;");

        Outcome built = project.DotNet("build").Expect(0);
        project.DotNet("build", "-question", "-f", "net10.0").Expect(0);
        project.DotNet("publish", "-f", "net10.0").Expect(0);
        project.DotNet("pack").Expect(0);
        // Every target that a user may name, in the outer build and in an inner one.
        project.DotNet("build", "-t:QuantFetch;QuantCalibrate;Quantize;QuantVerify;QuantReport;QuantClean").Expect(0);
        project.DotNet("build", "-f", "net10.0",
            "-t:QuantResolve;QuantCollect;QuantUpToDateCheck;Quantize;QuantVerify;QuantReport;QuantClean").Expect(0);
        // A package for every project of a repository must not ask for an SDK that only models need.
        project.DotNet("build", "-p:_QuantMSBuildVersion=17.14.8", "-f", "net10.0").Expect(0);

        Assert.Contains("0 Warning(s)", built.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("QB0", built.Out, StringComparison.Ordinal);
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
