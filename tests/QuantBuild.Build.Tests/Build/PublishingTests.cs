using System.Runtime.InteropServices;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class PublishingTests
{
    private static readonly string Samples = Repository.PathOf("models", "TinyWan", "calibration.safetensors");

    private static readonly string[] Video = [Repository.PathOf("models", "TinyWan", "checkpoint"),
        Repository.PathOf("models", "TinyWan", "eval", "images", "001.png"), "a big purple star moves right"];

    [Theory]
    [InlineData("auto")]
    [InlineData("false")]
    public void A_single_file_app_opens_its_model(string embed)
    {
        using var project = new ModelProject($"""<QuantManifest Include="reduced.quant.json" Embed="{embed}" />""",
            program: Apps.OpenModel);
        // A single-file app is bundled with packs that the SDK does not bring: they come from the machine's own feeds.
        project.Write("nuget.config", Packages.NuGetConfig(ConfiguredFeeds(project)));
        string[] singleFile = ["-r", RuntimeInformation.RuntimeIdentifier, "-p:SelfContained=false", "-p:PublishSingleFile=true"];
        Outcome restored = project.DotNet("restore", singleFile);
        Assert.SkipUnless(restored.ExitCode == 0, "the packs of a single-file app cannot be restored here: " + restored.Out);

        project.DotNet("publish", ["-o", project.Model["published"], .. singleFile]).Expect(0);
        Outcome app = project.Run(project.Model["published", Executable]).Expect(0);

        Assert.StartsWith("reduced ", app.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(project.Model["published", "Reduced.dll"]));
        Assert.Equal(embed == "false", Directory.Exists(project.Model["published", "artifact"]));
    }

    [Fact]
    public void A_native_app_opens_its_embedded_model_and_does_a_step_and_a_video_as_the_managed_one_does()
    {
        using var project = new ModelProject();
        string? linker = ((string[])["clang", "gcc"]).FirstOrDefault(name => Links(project, name));
        Assert.SkipWhen(linker is null, "native compilation needs clang or gcc, and zlib to link with");
        foreach (string file in Directory.EnumerateFiles(Repository.PathOf("tests", "QuantBuild.AotApp")))
            project.Write("app/" + Path.GetFileName(file), File.ReadAllText(file));
        project.Write("app/reduced.quant.json", ReducedModel.Text());
        project.Write("nuget.config", Packages.NuGetConfig(ConfiguredFeeds(project)));
        string app = project.Model["app", "QuantBuild.AotApp.csproj"];
        string[] settings = ["-p:QuantCacheRoot=store", $"-p:CppCompilerAndLinker={linker}"];
        Outcome restored = project.DotNet(app, "restore", ["-r", RuntimeInformation.RuntimeIdentifier, .. settings]);
        Assert.SkipUnless(restored.ExitCode == 0, "the native compiler cannot be restored here: " + restored.Out);

        project.DotNet(app, "build", settings).Expect(0);
        Outcome managed =
            project.Run("dotnet",
                ["exec", project.Model["app", "bin", "Debug", "net10.0", "QuantBuild.AotApp.dll"], Samples, Video[0], Video[2]]).Expect(0);
        Outcome publish =
            project.DotNet(app, "publish", ["-o", project.Model["published"], "-r", RuntimeInformation.RuntimeIdentifier, .. settings])
            .Expect(0);
        Outcome native = project.Run(project.Model["published", "QuantBuild.AotApp"], [Samples, Video[0], Video[2]]).Expect(0);

        Assert.Matches("reduced: one step from timestep \\d+, rms .*\nsha256 [0-9a-f]{64}\nvideo of 5 frames, sha256 [0-9a-f]{64}",
            native.Out.ReplaceLineEndings("\n"));
        Assert.Equal(managed.Out, native.Out);
        Assert.DoesNotContain("warning IL", publish.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(project.Model["published", "artifact"]));
    }

    [Fact]
    public void The_sample_app_denoises_a_latent_with_the_model_project_it_references()
    {
        string sample = Repository.PathOf("tests", "QuantBuild.Sample", "bin", Repository.Configuration, "net10.0",
            "QuantBuild.Sample.dll");
        using var process = new RunningProcess("dotnet", ["exec", sample, Samples, "2"], Path.GetDirectoryName(sample)!,
            ModelProject.CleanEnvironment());

        Outcome app = process.Wait().Expect(0);

        Assert.Matches(@"tinywan: 2 steps, rms 0\.\d+|tinywan: 2 steps, rms [1-9]\.\d+", app.Out);
    }

    /// <summary>
    /// Whether a compiler is there that makes and links a program with zlib, which is what the native compiler asks of it.
    /// </summary>
    private static bool Links(ModelProject project, string compiler)
    {
        if (OperatingSystem.IsWindows() || !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, compiler))))
            return false;
        project.Write("native/main.c", "int main(void) { return 0; }");
        return project.Run(compiler, project.Model["native", "main.c"], "-lz", "-o", project.Model["native", "main"]).ExitCode == 0;
    }

    [Fact]
    public void The_sample_app_makes_a_video_and_the_readme_shows_how()
    {
        string sample = Repository.PathOf("tests", "QuantBuild.Sample", "bin", Repository.Configuration, "net10.0",
            "QuantBuild.Sample.dll");
        using var folder = new TemporaryFolder();
        using var process = new RunningProcess("dotnet", ["exec", sample, "video", .. Video, folder["video.png"], "2"],
            Path.GetDirectoryName(sample)!, ModelProject.CleanEnvironment());

        Outcome app = process.Wait().Expect(0);

        Assert.Matches("^sha256 [0-9a-f]{64}", app.Out);
        Assert.Contains("Denoise: 2 of 2", app.Error, StringComparison.Ordinal);
        Assert.Equal("acTL", System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(folder["video.png"]), 37, 4));
        string[] example = [.. File.ReadLines(Repository.PathOf("tests", "QuantBuild.Sample", "Video.cs"))
            .SkipWhile(line => !line.Contains("README begin", StringComparison.Ordinal))
            .Skip(1).TakeWhile(line => !line.Contains("README end", StringComparison.Ordinal)).Select(line => line.Trim())];
        Assert.InRange(example.Length, 5, 15);
        Assert.Contains(string.Join('\n', example), File.ReadAllText(Repository.PathOf("README.md")).ReplaceLineEndings("\n"),
            StringComparison.Ordinal);
    }

    private static string Executable => OperatingSystem.IsWindows() ? "Reduced.exe" : "Reduced";

    /// <summary>The feeds that this machine is set up with: the native compiler is a package that this repository does not make.</summary>
    private static string[] ConfiguredFeeds(ModelProject project) =>
        [.. project.Run("dotnet", "nuget", "list", "source", "--format", "short", "--configfile",
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "NuGet", "NuGet.Config")).Lines
        .Where(line => line.StartsWith("E ", StringComparison.Ordinal)).Select(line => line[2..])];
}
