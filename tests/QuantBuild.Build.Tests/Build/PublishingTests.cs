using System.Runtime.InteropServices;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class PublishingTests
{
    private static readonly string Samples = Repository.PathOf("models", "TinyWan", "calibration.safetensors");

    [Theory]
    [InlineData("auto")]
    [InlineData("false")]
    public void A_single_file_app_opens_its_model(string embed)
    {
        using var project = new ModelProject($"""<QuantManifest Include="reduced.quant.json" Embed="{embed}" />""", program: Apps.OpenModel);
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
    public void A_native_app_opens_its_embedded_model_and_denoises_as_the_managed_one_does()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/include/zlib.h") && (File.Exists("/usr/bin/clang") || File.Exists("/usr/bin/gcc")),
            "native compilation needs a C compiler and zlib");
        string linker = File.Exists("/usr/bin/clang") ? "clang" : "gcc";
        using var project = new ModelProject("""<QuantManifest Include="reduced.quant.json" ClassName="TinyWan" />""",
            $"<RootNamespace>TinyWan</RootNamespace><Nullable>enable</Nullable><PublishAot>true</PublishAot><InvariantGlobalization>true</InvariantGlobalization><CppCompilerAndLinker>{linker}</CppCompilerAndLinker>",
            File.ReadAllText(Repository.PathOf("tests", "QuantBuild.Sample", "Program.cs")));
        project.Write("nuget.config", Packages.NuGetConfig(ConfiguredFeeds(project)));
        Outcome restored = project.DotNet("restore", "-r", RuntimeInformation.RuntimeIdentifier);
        Assert.SkipUnless(restored.ExitCode == 0, "the native compiler cannot be restored here: " + restored.Out);

        project.DotNet("build").Expect(0);
        Outcome managed = project.RunApp(Samples, "2").Expect(0);
        Outcome publish = project.DotNet("publish", "-o", project.Model["published"], "-r", RuntimeInformation.RuntimeIdentifier).Expect(0);
        Outcome native = project.Run(project.Model["published", Executable], Samples, "2").Expect(0);

        Assert.Matches("reduced: 2 steps, rms .*\nsha256 [0-9a-f]{64}", native.Out.ReplaceLineEndings("\n"));
        Assert.Equal(managed.Out, native.Out);
        Assert.DoesNotContain("warning IL", publish.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void The_sample_app_denoises_a_latent_with_the_model_project_it_references()
    {
        string sample = Repository.PathOf("tests", "QuantBuild.Sample", "bin", Repository.Configuration, "net10.0", "QuantBuild.Sample.dll");
        using var process = new RunningProcess("dotnet", ["exec", sample, Samples, "2"], Path.GetDirectoryName(sample)!, ModelProject.CleanEnvironment());

        Outcome app = process.Wait().Expect(0);

        Assert.Matches(@"tinywan: 2 steps, rms 0\.\d+|tinywan: 2 steps, rms [1-9]\.\d+", app.Out);
    }

    private static string Executable => OperatingSystem.IsWindows() ? "Reduced.exe" : "Reduced";

    /// <summary>The feeds that this machine is set up with: the native compiler is a package that this repository does not make.</summary>
    private static string[] ConfiguredFeeds(ModelProject project) => [.. project.Run("dotnet", "nuget", "list", "source", "--format", "short", "--configfile",
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "NuGet", "NuGet.Config")).Lines
        .Where(line => line.StartsWith("E ", StringComparison.Ordinal)).Select(line => line[2..])];
}
