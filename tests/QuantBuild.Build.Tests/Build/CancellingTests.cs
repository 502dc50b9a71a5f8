using System.Diagnostics;
using System.Globalization;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class CancellingTests
{
    // A busy machine may let a build end before its test has done anything to it.
    private const int Tries = 20;

    private const int Samples = 12;

    [Fact]
    public void Cancelling_the_build_ends_the_worker_and_the_next_build_goes_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are found in /proc");
        using ModelProject project = NewProject();

        InTime(project, build =>
        {
            Wait(() => build.HasExited || Finished(project) > 0);
            build.TryInterrupt();
            return build.Wait().ExitCode != 0;
        });
        Wait(() => !WorkerRuns(project.Model.Folder));
        string[] left = Left(project);
        Outcome next = project.DotNet("build").Expect(0);

        Assert.Equal(["reduced.rsp"], left);
        Assert.Matches(@"reduced calibrated: \d+ actions? ran, [1-9]\d* came from the store", next.Out);
    }

    [Theory]
    [InlineData("AssemblyTaskFactory")]
    [InlineData("TaskHostFactory")] // as in Visual Studio: the host of the task outlives the killed build
    public void A_worker_whose_build_is_killed_ends_after_the_actions_at_hand_and_keeps_them(string factory)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are found in /proc");
        using ModelProject project = NewProject();

        int after = 0;
        InTime(project, build =>
        {
            Wait(() => build.HasExited || Finished(project) > 0);
            build.Kill();
            int before = Finished(project);
            Wait(() => !WorkerRuns(project.Model.Folder));
            after = Finished(project);
            Assert.InRange(after, before, Samples);
            return after <= Math.Min(before + 2, Samples - 1);
        }, "-p:QuantThreads=1", "-p:QuantTaskFactory=" + factory);
        string[] left = Left(project);
        Outcome next = project.DotNet("build", "-t:QuantCalibrate").Expect(0);

        Assert.Equal(["reduced.rsp"], left);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(project.Model.Store, "tmp"), "*", SearchOption.AllDirectories));
        Assert.Contains($"reduced calibrated: {Samples - after} actions ran, {after} came from the store",
            next.Out.Replace("1 action ran", "1 actions ran", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_is_killed_is_a_diagnostic()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are found in /proc");
        using ModelProject project = NewProject();

        Outcome? outcome = null;
        InTime(project, build =>
        {
            Wait(() => build.HasExited || WorkerRuns(project.Model.Folder));
            foreach (int id in Workers(project.Model.Folder))
                KillIfThere(id);
            outcome = build.Wait();
            return outcome.ExitCode != 0;
        });

        Assert.Matches(@"reduced\.rsp : error QB0003: .*exit code 137", outcome!.Expect(1).Out);
        Assert.DoesNotContain("MSB6006", outcome.Out, StringComparison.Ordinal);
    }

    private static ModelProject NewProject()
    {
        var project = new ModelProject();
        project.Model.Write(ReducedModel.Text(samples: Samples, steps: 40));
        return project;
    }

    /// <summary>Builds from nothing until something could be done to a build in time.</summary>
    private static void InTime(ModelProject project, Func<RunningProcess, bool> act, params string[] arguments)
    {
        for (int i = 0; i < Tries; i++)
        {
            foreach (string folder in (string[])["store", "obj", "bin"])
            {
                if (Directory.Exists(project.Model[folder]))
                    Directory.Delete(project.Model[folder], recursive: true);
            }
            using RunningProcess build = project.StartBuild(arguments);
            if (act(build))
                return;
        }
        Assert.Fail($"{Tries} builds went on to their ends");
    }

    private static int Finished(ModelProject project)
    {
        string actions = Path.Combine(project.Model.Store, "actions");
        return Directory.Exists(actions) ? Directory.EnumerateFiles(actions, "*.json", SearchOption.AllDirectories).Count() : 0;
    }

    /// <summary>The files that the build step has left.</summary>
    private static string[] Left(ModelProject project) =>
        [.. Directory.EnumerateFiles(project.Quant, "*", SearchOption.AllDirectories).Select(file => Path.GetFileName(file)!)];

    private static void KillIfThere(int id)
    {
        try
        {
            using Process worker = Process.GetProcessById(id);
            worker.Kill();
        }
        catch (ArgumentException)
        {
            // It has ended.
        }
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
                return command.Contains("QuantBuild.Tool.dll", StringComparison.Ordinal)
                    && command.Contains(folder, StringComparison.Ordinal);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        })
        .Select(process => int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture));

    private static void Wait(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromMinutes(5)));
}
