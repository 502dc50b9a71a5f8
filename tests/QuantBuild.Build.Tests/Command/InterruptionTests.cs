using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class InterruptionTests
{
    // A busy machine may let a build end before its test has seen a line of it.
    private const int Tries = 20;

    [Theory]
    [InlineData("Trajectory")]
    [InlineData("Gptq")]
    public void Ctrl_C_returns_130_and_the_next_build_goes_on(string stage)
    {
        using var model = new ReducedModel();
        Outcome outcome = Interrupt(model, stage);
        for (int i = 1; i < Tries && outcome.ExitCode == 0; i++)
        {
            Directory.Delete(model.Store, recursive: true);
            Directory.Delete(model.Output, recursive: true);
            outcome = Interrupt(model, stage);
        }

        outcome.Expect(130);

        Assert.Contains("Cancelled", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("QB9001", outcome.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(model.Output, "artifact.json")));
        AssertResumes(model, ActionLine.Parse(outcome));
    }

    [Theory]
    [InlineData("Trajectory")]
    [InlineData("Smooth")]
    [InlineData("LowRank")]
    [InlineData("Gptq")]
    [InlineData("Clip")]
    [InlineData("Measure")]
    [InlineData("Pack")]
    public void A_killed_build_loses_nothing_that_was_finished(string stage)
    {
        using var model = new ReducedModel();
        using RunningProcess killed = model.Start("--threads", "1");
        killed.WaitForLines(1, $"\"stage\":\"{stage}\"");

        killed.Kill();
        Outcome outcome = killed.Wait();

        // The last line may be cut off by the kill: only whole lines count.
        string whole = outcome.Out[..(outcome.Out.LastIndexOf('\n') + 1)];
        AssertResumes(model, ActionLine.Parse(outcome with { Out = whole }));
    }

    private static Outcome Interrupt(ReducedModel model, string stage)
    {
        using RunningProcess build = model.Start("--threads", "1");
        if (build.WaitForLines(1, $"\"stage\":\"{stage}\""))
            build.TryInterrupt();
        return build.Wait();
    }

    private static void AssertResumes(ReducedModel model, ActionLine[] finished)
    {
        ActionLine[] resumed = ActionLine.Parse(model.Build().Expect(0));
        string bytes = ReducedModel.Bytes(model.Output);
        model.Build("--store", model["fresh store"], "--out", model["fresh"]).Expect(0);

        Assert.Equal(ReducedModel.Bytes(model["fresh"]), bytes);
        Assert.Empty(resumed.Where(action => action.Ran).Select(action => action.Key).Intersect(finished.Select(action => action.Key)));
        Assert.Contains(resumed, action => !action.Ran);
        Assert.DoesNotContain(Directory.EnumerateFiles(model.Output, "*", SearchOption.AllDirectories), file => Path.GetFileName(file)
            .Contains("tmp", StringComparison.Ordinal));
    }
}
