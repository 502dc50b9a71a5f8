using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Package;

/// <summary>Model projects made by <c>quantbuild init</c> and by <c>dotnet new quantmodel</c>, built with the packages alone.</summary>
public sealed class NewProjectTests
{
    [Fact]
    public void A_project_that_init_made_builds_once_it_has_pictures()
    {
        using var project = new StartedProject();
        // A repository that manages versions in one place must not break a new project (NU1008).
        File.WriteAllText(project["Directory.Packages.props"],
            "<Project><PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup></Project>");

        Outcome made = Tool.Run(project.Folder, "init", "tiny", "--from", StartedProject.Checkpoint).Expect(0);
        Outcome unfilled = project.DotNet("build", "tiny");
        project.FillIn();
        Outcome built = project.DotNet("build", "tiny").Expect(0);

        Assert.Contains("dotnet build tiny -c Release", made.Out, StringComparison.Ordinal);
        Assert.Equal(1, unfilled.ExitCode);
        Assert.Matches(@"calibration\.jsonl\(1,1\): error QB3107: 12 of 12 samples", unfilled.Out);
        Assert.Single(unfilled.Lines.Where(line => line.Contains(": error ", StringComparison.Ordinal))
            .Distinct()); // in the summary once more
        Assert.Contains("tiny: ", built.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(project["tiny", "obj", "Debug", "net10.0", "quant", "tiny", "artifact.json"]), built.Out);
        Assert.True(File.Exists(project["tiny", "tiny.quant.lock.json"]));
    }

    [Fact]
    public void The_template_package_installs_and_makes_the_same_project()
    {
        using var project = new StartedProject();
        string hive = project["hive"];

        project.DotNet("new", "install", Path.Combine(Packages.Feed, "QuantBuild.Templates.0.1.0.nupkg"), "--debug:custom-hive", hive)
            .Expect(0);
        Outcome made = project.DotNet("new", "quantmodel", "--name", "tiny", "--source", StartedProject.Checkpoint, "--debug:custom-hive",
            hive).Expect(0);
        Tool.Run(project.Folder, "init", "same/tiny", "--from", StartedProject.Checkpoint).Expect(0);

        Assert.Contains("Put pictures and prompts into calibration.jsonl", made.Out, StringComparison.Ordinal);
        Assert.Equal(Content(project["same", "tiny"]), Content(project["tiny"]));
        project.FillIn();
        project.DotNet("build", "tiny").Expect(0);
        Assert.True(File.Exists(project["tiny", "obj", "Debug", "net10.0", "quant", "tiny", "artifact.json"]));
    }

    [Fact]
    public void The_template_knows_the_layout_of_the_Diffusers_library()
    {
        using var project = new StartedProject();
        string hive = project["hive"];

        project.DotNet("new", "install", Path.Combine(Packages.Feed, "QuantBuild.Templates.0.1.0.nupkg"), "--debug:custom-hive", hive)
            .Expect(0);
        project.DotNet("new", "quantmodel", "-o", "tiny", "--source", "hf://org/model@main", "--layout", "diffusers", "--boundary", "0.875",
            "--debug:custom-hive", hive).Expect(0);

        string manifest = File.ReadAllText(project["tiny", "tiny.quant.json"]);
        Assert.Contains("\"source\": \"hf://org/model@main\"", manifest, StringComparison.Ordinal);
        Assert.Contains("\"boundary\": 0.875", manifest, StringComparison.Ordinal);
        Assert.Contains("\"weights\": \"transformer\"", manifest, StringComparison.Ordinal);
        Assert.Contains("\"weights\": \"transformer_2\"", manifest, StringComparison.Ordinal);
    }

    private static string Content(string folder) => string.Join('\n', Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)
        .Select(file => $"--- {Path.GetFileName(file)}\n{File.ReadAllText(file).ReplaceLineEndings("\n").TrimEnd()}"));
}
