using System.Diagnostics;
using System.Globalization;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class CancellingTests
{
    [Fact]
    public void Cancelling_the_build_ends_the_worker_and_the_next_build_goes_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are found in /proc");
        using var project = new ModelProject();
        project.Model.Write(ReducedModel.Text(samples: 12, steps: 40));
        using RunningProcess build = project.StartBuild();
        string actions = Path.Combine(project.Model.Store, "actions");
        Wait(() => build.HasExited || (Directory.Exists(actions) && Directory.EnumerateFiles(actions, "*", SearchOption.AllDirectories).Any()));

        build.Interrupt();
        Outcome cancelled = build.Wait();
        Wait(() => !WorkerRuns(project.Model.Folder));
        string[] left = [.. Directory.EnumerateFiles(project.Quant, "*", SearchOption.AllDirectories).Select(file => Path.GetFileName(file)!)];
        Outcome next = project.DotNet("build").Expect(0);

        Assert.NotEqual(0, cancelled.ExitCode);
        Assert.Equal(["reduced.rsp"], left);
        Assert.Matches(@"reduced calibrated: \d+ actions? ran, [1-9]\d* came from the store", next.Out);
    }

    [Theory]
    [InlineData("AssemblyTaskFactory")]
    [InlineData("TaskHostFactory")] // as in Visual Studio: the host of the task outlives the killed build
    public void A_worker_whose_build_is_killed_ends_after_the_actions_at_hand_and_keeps_them(string factory)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are found in /proc");
        const int Samples = 12;
        using var project = new ModelProject();
        project.Model.Write(ReducedModel.Text(samples: Samples, steps: 40));
        using RunningProcess build = project.StartBuild("-p:QuantThreads=1", "-p:QuantTaskFactory=" + factory);
        string actions = Path.Combine(project.Model.Store, "actions");
        Wait(() => build.HasExited || Finished() > 0);

        int before = Finished();
        build.Kill();
        Wait(() => !WorkerRuns(project.Model.Folder));
        int after = Finished();
        string[] left = [.. Directory.EnumerateFiles(project.Quant, "*", SearchOption.AllDirectories).Select(file => Path.GetFileName(file)!)];
        Outcome next = project.DotNet("build", "-t:QuantCalibrate").Expect(0);

        Assert.InRange(after, before, Math.Min(before + 2, Samples - 1));
        Assert.Equal(["reduced.rsp"], left);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(project.Model.Store, "tmp"), "*", SearchOption.AllDirectories));
        Assert.Contains($"reduced calibrated: {Samples - after} actions ran, {after} came from the store", next.Out.Replace("1 action ran", "1 actions ran", StringComparison.Ordinal), StringComparison.Ordinal);

        int Finished() => Directory.Exists(actions) ? Directory.EnumerateFiles(actions, "*.json", SearchOption.AllDirectories).Count() : 0;
    }

    [Fact]
    public void A_worker_that_is_killed_is_a_diagnostic()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are found in /proc");
        using var project = new ModelProject();
        project.Model.Write(ReducedModel.Text(samples: 12, steps: 40));
        using RunningProcess build = project.StartBuild();
        Wait(() => build.HasExited || WorkerRuns(project.Model.Folder));

        using (Process worker = Process.GetProcessById(Workers(project.Model.Folder).First()))
            worker.Kill();
        Outcome outcome = build.Wait().Expect(1);

        Assert.Matches(@"reduced\.rsp : error QB0003: .*exit code 137", outcome.Out);
        Assert.DoesNotContain("MSB6006", outcome.Out, StringComparison.Ordinal);
    }

    private static bool WorkerRuns(string folder) => Workers(folder).Any();

    /// <summary>The processes that have the quantizer and the model's folder in their command lines.</summary>
    private static IEnumerable<int> Workers(string folder) => Directory.EnumerateDirectories("/proc")
        .Where(process => int.TryParse(Path.GetFileName(process), out _))
        .Where(process =>
        {
            try
            {
                string command = File.ReadAllText(Path.Combine(process, "cmdline"));
                return command.Contains("QuantBuild.Tool.dll", StringComparison.Ordinal) && command.Contains(folder, StringComparison.Ordinal);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        })
        .Select(process => int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture));

    private static void Wait(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromMinutes(5)));
}
