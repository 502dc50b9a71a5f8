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
        Outcome next = project.DotNet("build").Expect(0);

        Assert.NotEqual(0, cancelled.ExitCode);
        Assert.Matches(@"reduced: \d+ actions ran, [1-9]\d* came from the store", next.Out);
    }

    /// <summary>Whether a worker has the model's folder in its command line.</summary>
    private static bool WorkerRuns(string folder) => Directory.EnumerateDirectories("/proc").Any(process =>
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
    });

    private static void Wait(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)));
}
