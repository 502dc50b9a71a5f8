using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Stages;
using QuantBuild.Tool.Logging;

namespace QuantBuild.Tests.Logging;

public sealed class BuildProgressTests
{
    [Fact]
    public void Stages_count_what_was_planned_in_the_order_of_work()
    {
        var progress = new BuildProgress();
        progress.Plan([Planned(BuildStages.Trajectory, "sample 000", 5), Planned(BuildStages.Gptq, "blocks.0.ffn.0", 1),
            Planned(BuildStages.Gptq, "blocks.1.ffn.0", 1)]);
        progress.Begin("Quantize", 2);

        progress.Finish(Ended(BuildStages.Gptq, "blocks.1.ffn.0", ActionOutcome.Cached, 7));
        progress.Finish(Ended(BuildStages.Gptq, "blocks.0.ffn.0", ActionOutcome.Ran, 2));

        Assert.Equal(["Trajectory", "Gptq"], progress.Stages.Select(stage => stage.Name));
        StageProgress gptq = progress.Stages[1];
        Assert.Equal((2, 1, 1, 2.0), (gptq.Actions, gptq.Ran, gptq.Cached, gptq.Work));
        Assert.Equal((1, 0), (progress.Stages[0].Actions, progress.Stages[0].Finished));
    }

    [Fact]
    public void The_time_left_weighs_actions_by_what_the_plan_expects_of_them()
    {
        var clock = new FakeTimeProvider();
        var progress = new BuildProgress(clock);
        progress.Plan([Planned(BuildStages.Gptq, "first", 1), Planned(BuildStages.Gptq, "second", 10),
            Planned(BuildStages.Pack, "low_noise", 5)]);
        progress.Begin("Quantize", 2);
        progress.Finish(Ended(BuildStages.Gptq, "first", ActionOutcome.Ran, 1));
        Assert.Null(progress.Left);

        clock.Advance(TimeSpan.FromSeconds(2.1));

        // The one that ran took as long as expected, while the clock went on: 15 expected seconds at the pace of 1 in 2.1, limited to half
        // the speed.
        Assert.Equal(30, progress.Left!.Value.TotalSeconds, 3);
        Assert.Equal(20, progress.LeftOf(progress.Stages[0])!.Value.TotalSeconds, 3);
        progress.Finish(Ended(BuildStages.Gptq, "second", ActionOutcome.Cached, 10));
        Assert.Equal(10, progress.Left!.Value.TotalSeconds, 3);
    }

    [Fact]
    public void A_layer_that_is_worked_on_has_its_later_stages_left()
    {
        var clock = new FakeTimeProvider();
        var progress = new BuildProgress(clock);
        progress.Plan([Planned(BuildStages.Gptq, "blocks.1.ffn.0", 4), Planned(BuildStages.Clip, "blocks.1.ffn.0/mid", 2),
            Planned(BuildStages.Clip, "blocks.10.ffn.0/mid", 50)]);
        progress.Begin("Quantize", 2);
        progress.Begin(Spec(BuildStages.Gptq, "blocks.1.ffn.0"), waits: false);
        clock.Advance(TimeSpan.FromSeconds(2.1));

        RunningAction running = Assert.Single(progress.Running);
        Assert.Equal(("blocks.1.ffn.0", "Gptq"), (running.Subject, running.Step));
        Assert.Equal(3.9, progress.LeftOf(running)!.Value.TotalSeconds, 3);
        progress.Finish(Ended(BuildStages.Gptq, "blocks.1.ffn.0", ActionOutcome.Ran, 2));
        progress.Begin(Spec(BuildStages.Clip, "blocks.1.ffn.0/mid"), waits: true);
        Assert.Equal(("blocks.1.ffn.0", "Clip mid", true),
            (progress.Running[0].Subject, progress.Running[0].Step, progress.Running[0].Waits));
    }

    [Fact]
    public void A_phase_that_was_not_planned_counts_as_a_stage_of_its_own()
    {
        var progress = new BuildProgress();
        progress.Begin("Look for the artifact at hf://me/it", 1);
        Assert.Single(progress.Stages);

        progress.Begin("Evaluate Rtn", 3);
        progress.Finish(Ended(BuildStages.Evaluate, "sample 1", ActionOutcome.Ran, 1));

        StageProgress only = Assert.Single(progress.Stages);
        Assert.Equal(("Evaluate Rtn", 1, 3), (only.Name, only.Finished, only.Actions));
        Assert.Equal("Evaluate Rtn", progress.Phase);
    }

    private static PlannedAction Planned(Stage stage, string name, double seconds) => new(stage.Name, "", name, seconds);

    private static ActionSpec Spec(Stage stage, string name) => new(stage, NumericProfile.Cpu, "", name, new JsonObject(), []);

    private static ActionEvent Ended(Stage stage, string name, ActionOutcome outcome, double seconds) =>
        new(stage.Name, "", name, null, null, outcome, seconds);
}
