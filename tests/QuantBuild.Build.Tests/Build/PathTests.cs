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

    [Theory]
    [InlineData("plain", "ws@(2)")]
    [InlineData("semi;colon $x (y) 'z'", null)] // "@(y)" after a semicolon breaks the SDK's own lists
    public void Characters_that_MSBuild_escapes_are_characters_like_others(string folder, string? packages)
    {
        using var project = new ModelProject(Apps.EmbeddedItem, program: Apps.OpenModel);
        foreach (string file in (string[])["Reduced.csproj", "Program.cs", "reduced.quant.json", "Directory.Build.props"])
            project.Write($"{folder}/{file}", File.ReadAllText(project.Model[file]));
        Dictionary<string, string?> variables = [];
        if (packages is not null)
            variables["NUGET_PACKAGES"] = project.Model[packages];
        string csproj = project.Model[folder, "Reduced.csproj"];

        project.DotNet(csproj, "build", [], variables).Expect(0);
        Outcome app = project.Run("dotnet", "exec", project.Model[folder, "bin", "Debug", "net10.0", "Reduced.dll"]).Expect(0);
        Outcome second = project.DotNet(csproj, "build", [], variables).Expect(0);

        Assert.StartsWith("reduced ", app.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Quantizing", second.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quotation_mark_in_a_path_is_an_error_that_says_so()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no file can have such a name there");
        using var project = new ModelProject();
        foreach (string file in (string[])["Reduced.csproj", "reduced.quant.json", "Directory.Build.props"])
            project.Write($"a\"b/{file}", File.ReadAllText(project.Model[file]));

        Dictionary<string, string?> environment = ModelProject.CleanEnvironment();
        environment["NUGET_PACKAGES"] = Packages.Restored;
        // From inside: MSBuild takes quotation marks out of the paths that it is given.
        using var process = new RunningProcess("dotnet", ["build", "-nodeReuse:false", "-terminalLogger:off"], project.Model["a\"b"],
            environment);
        Outcome outcome = process.Wait().Expect(1);

        Assert.Contains("error QB0014: ", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("MSB6001", outcome.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("./")]
    [InlineData("..")]
    public void An_output_folder_with_the_project_in_it_is_an_error(string folder)
    {
        using var project = new ModelProject();

        Outcome outcome = project.DotNet("build", "-p:QuantOutputPath=" + folder).Expect(1);
        project.DotNet("build", "-t:QuantClean", "-p:QuantOutputPath=" + folder).Expect(1);

        Assert.Contains("error QB0015: ", outcome.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(project.Model["Reduced.csproj"]));
    }

    [Fact]
    public void A_quotation_mark_in_a_manifests_path_adds_nothing_to_the_command_line()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no file can have such a name there");
        using var project =
            new ModelProject("""<QuantManifest Include="a&quot; --no-report &quot;b/reduced.quant.json" Embed="false" />""");
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
        using var project =
            new ModelProject("""<QuantManifest Include="reduced.quant.json" /><QuantManifest Include="other/reduced.quant.json" />""");

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
