using System.Diagnostics;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class StagesTests
{
    [Fact]
    public void Every_stage_is_a_target_that_takes_up_where_the_one_before_ended()
    {
        using var project = new ModelProject();

        Outcome calibrated = project.DotNet("build", "-restore", "-t:QuantCalibrate").Expect(0);
        bool delivered = Directory.Exists(Path.Combine(project.Quant, "reduced"));
        Outcome again = project.DotNet("build", "-t:QuantCalibrate").Expect(0);
        Outcome quantized = project.DotNet("build", "-t:Quantize").Expect(0);
        Outcome verified = project.DotNet("build", "-t:QuantVerify", "-v:normal").Expect(0);
        Outcome nothing = project.DotNet("build", "-t:QuantVerify", "-v:normal").Expect(0);

        Assert.Contains("reduced calibrated: 1 action ran, 0 came from the store", calibrated.Out, StringComparison.Ordinal);
        Assert.False(delivered);
        Assert.DoesNotContain("Calibrating", again.Out + quantized.Out, StringComparison.Ordinal);
        Assert.Matches(@"reduced: \d+ actions ran, 1 came from the store", quantized.Out);
        Assert.Contains("Verifying reduced", verified.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Verifying", nothing.Out, StringComparison.Ordinal);
        project.DotNet("build").Expect(0);
        project.DotNet("build", "-question").Expect(0);
    }

    [Fact]
    public void A_file_that_is_not_what_was_computed_is_an_error_and_the_next_build_mends_it()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);
        string file = Directory.EnumerateFiles(Path.Combine(project.Quant, "reduced", "low_noise_model"), "*.safetensors").First();
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.Delete(file);
        File.WriteAllBytes(file, bytes);
        File.Delete(Path.Combine(project.Quant, "reduced.verified"));

        Outcome damaged = project.DotNet("build").Expect(1);
        Outcome mended = project.DotNet("build").Expect(0);

        Assert.Contains("error QB40", damaged.Out, StringComparison.Ordinal);
        Assert.Contains("reduced: 0 actions ran, ", mended.Out, StringComparison.Ordinal);
        Tool.Run(project.Model.Folder, "verify", project.Artifact).Expect(0);
    }

    [Fact]
    public void Threads_and_memory_are_told_to_the_worker_and_change_nothing_that_is_remembered()
    {
        using var project = new ModelProject();

        string first = DetailedLog(project, "-p:QuantThreads=1", "-p:QuantMemoryLimit=60%");
        string bytes = ReducedModel.Bytes(project.Artifact);
        string response = File.ReadAllText(Path.Combine(project.Quant, "reduced.rsp"));
        string second = DetailedLog(project, "-p:QuantThreads=2", "-p:QuantMemoryLimit=16GiB");
        project.DotNet("build", "-question").Expect(0);
        File.SetLastWriteTimeUtc(project.Model.Manifest, DateTime.UtcNow);
        Directory.Delete(project.Model.Store, recursive: true);
        string third = DetailedLog(project);

        Assert.Matches("--threads 1 --memory-limit \"?60%", first);
        Assert.DoesNotContain("--threads", second, StringComparison.Ordinal);
        Assert.DoesNotMatch("--threads|--memory-limit", response);
        Assert.Contains($"--threads {Environment.ProcessorCount} ", third + " ", StringComparison.Ordinal);
        Assert.DoesNotContain("--memory-limit", third, StringComparison.Ordinal);
        Assert.Equal(bytes, ReducedModel.Bytes(project.Artifact));
    }

    [Fact]
    public void A_stage_says_its_count_and_the_time_left_every_ten_seconds_and_nothing_twice()
    {
        using var project = new ModelProject();
        // Long enough for a line on any processor: four times what took ten seconds once.
        project.Model.Write(ReducedModel.Text(samples: 12, steps: 160));

        Outcome calibrated = project.DotNet("build", "-restore", "-t:QuantCalibrate", "-p:QuantThreads=1").Expect(0);
        var clock = Stopwatch.StartNew();
        Outcome built = project.DotNet("build").Expect(0);
        double seconds = clock.Elapsed.TotalSeconds;

        Assert.Matches(@"(?m)^\s*Calibrate: \d+ of 12 actions, .* left", calibrated.Out);
        string[] lines = [.. calibrated.Lines.Where(line => !line.Contains(" of 12 actions, ", StringComparison.Ordinal)), .. built.Lines];
        Assert.Single(lines, line => line.Contains("alibrat", StringComparison.Ordinal)
            && line.Contains("12 actions", StringComparison.Ordinal));
        Assert.Single(lines, line => line == "Calibrating reduced");
        Assert.Single(lines, line => line == "Quantizing reduced");
        Assert.DoesNotContain(built.Lines, line => line.StartsWith("Calibrate", StringComparison.Ordinal));
        // On a machine that others keep busy Pack may take ten seconds, too.
        string[] packed = [.. built.Lines.Where(line => line.StartsWith("Pack", StringComparison.Ordinal))];
        Assert.All(packed, line => Assert.Matches(@"^Pack: [0-2] of 2 actions, .*(left|left in all|so far)$", line));
        Assert.True(packed.Length <= seconds / 10, $"{packed.Length} lines in {seconds} s");
    }

    [Fact]
    public void A_detailed_build_names_every_action()
    {
        using var project = new ModelProject();

        string log = DetailedLog(project, "-p:QuantVerbosity=detailed");

        Assert.Matches(@"(?m)^\s+Gptq high_noise blocks\.0\.ffn\.0: ", log);
    }

    /// <summary>Builds, and gives what a detailed log has.</summary>
    private static string DetailedLog(ModelProject project, params string[] arguments)
    {
        project.DotNet("build", ["-fileLogger", "-fileLoggerParameters:LogFile=build.log;Verbosity=detailed", .. arguments]).Expect(0);
        return File.ReadAllText(project.Model["build.log"]);
    }
}
