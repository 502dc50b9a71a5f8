using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Stages;
using QuantBuild.Tool.Logging;

namespace QuantBuild.Tests.Logging;

public sealed class PlainLogTests
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void A_phase_says_how_far_it_is_by_the_clock_also_while_no_action_ends()
    {
        using var lines = new Lines();
        using (var log = new PlainLog(TextWriter.Null, lines, verbose: false, pulse: Often))
        {
            log.PhaseStarted("Quantize", 3);
            log.ActionStarted(new ActionSpec(BuildStages.Gptq, NumericProfile.Cpu, "high_noise", "blocks.0.ffn.0", new JsonObject(), []));
            lines.WaitFor(3);
        }

        string[] all = lines.All;
        Assert.Equal("Quantize: 3 actions", all[0]);
        Assert.Matches(@"^Quantize: 0 of 3 actions, [\d.]+ s so far$", all[1]);
        Assert.StartsWith("Quantize: 0 of 3 actions ran, 0 cached, ", all[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_build_step_only_the_position_is_for_everybody()
    {
        using var lines = new Lines();
        using (var log = new PlainLog(TextWriter.Null, lines, verbose: false, nested: true, pulse: Often))
        {
            log.PhaseStarted("Calibrate", 12);
            lines.WaitFor(2);
        }

        string[] all = lines.All;
        Assert.Equal("  Calibrate: 12 actions", all[0]);
        Assert.StartsWith("  Calibrate: 0 of 12 actions ran", all[^1], StringComparison.Ordinal);
        Assert.All(all[1..^1], line => Assert.StartsWith("Calibrate: 0 of 12 actions, ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_predicted_for_what_comes_after_the_last_action()
    {
        using var lines = new Lines();
        using (var log = new PlainLog(TextWriter.Null, lines, verbose: false, pulse: Often))
        {
            // What the plan holds beside the phase has time left; it is told once there are two seconds to judge by.
            log.Planned([new PlannedAction("Gptq", "high_noise", "blocks.0.ffn.0", 60),
                new PlannedAction("Pack", "high_noise", "high_noise", 1)]);
            log.PhaseStarted("Pack", 1);
            log.ActionStarted(new ActionSpec(BuildStages.Pack, NumericProfile.Cpu, "high_noise", "high_noise", new JsonObject(), []));
            Assert.True(SpinWait.SpinUntil(() => lines.All[^1].EndsWith(" left in all", StringComparison.Ordinal),
                TimeSpan.FromMinutes(5)));
            log.ActionFinished(new ActionEvent("Pack", "high_noise", "high_noise", null, null, ActionOutcome.Ran, 1));
            lines.WaitFor(lines.All.Length + 3);
        }

        Assert.Matches(@"^Pack: 1 of 1 action, [\d.]+ s so far$", lines.All[^2]);
    }

    /// <summary>Takes lines of any thread.</summary>
    private sealed class Lines : TextWriter
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public override Encoding Encoding => Encoding.UTF8;

        public string[] All => [.. _lines];

        public override void WriteLine(string? value) => _lines.Enqueue(value!);

        public override void WriteLine(object? value) => _lines.Enqueue(value!.ToString()!);

        public void WaitFor(int count) => Assert.True(SpinWait.SpinUntil(() => _lines.Count >= count, TimeSpan.FromMinutes(5)));
    }
}
