using System.Collections.Concurrent;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;

namespace QuantBuild.Tests.Stages;

/// <summary>What a build says that it will do is what it does: displays of the time left depend on it.</summary>
public sealed class AnnouncementTests : IDisposable
{
    private readonly TinyProject _project =
        new() { Overrides =
            """{ "match": "blocks.0.self_attn.*", "smooth": { "share": "layer" } }, { "match": "blocks.0.ffn.0", "precision": "w4a16" }""" };

    public void Dispose() => _project.Dispose();

    [Fact]
    public void Every_planned_action_ends_and_no_other()
    {
        var cold = new Announcements();
        var warm = new Announcements();

        _project.Build(cold);
        _project.Build(warm);

        Assert.Equal(cold.Planned.Order(), cold.Ended.Order());
        Assert.Equal(cold.Planned.Order(), warm.Ended.Order());
        Assert.All(cold.Seconds, seconds => Assert.InRange(seconds, 1e-6, 60));
        string[] order = [.. cold.Planned.Select(action => action.Split(' ')[0]).Distinct()];
        Assert.Equal(["Trajectory", "Smooth", "LowRank", "Gptq", "Clip", "Measure", "Pack"], order);
    }

    [Fact]
    public void Calibration_alone_announces_itself_alone()
    {
        var calibration = new Announcements();

        ModelCompiler.Calibrate(_project.Options(), calibration, TestContext.Current.CancellationToken);

        Assert.Equal(["Trajectory  sample 000", "Trajectory  sample 001"], calibration.Planned);
        Assert.Equal(calibration.Planned.Order(), calibration.Ended.Order());
    }

    [Fact]
    public void Looking_announces_nothing()
    {
        var looking = new Announcements();

        ModelCompiler.Plan(_project.Options(), looking, TestContext.Current.CancellationToken);

        Assert.Empty(looking.Planned);
    }

    private sealed class Announcements : IBuildObserver
    {
        public List<string> Planned { get; } = [];

        public List<double> Seconds { get; } = [];

        public ConcurrentBag<string> Ended { get; } = [];

        void IBuildObserver.Planned(IReadOnlyList<PlannedAction> actions)
        {
            Planned.AddRange(actions.Select(action => $"{action.Stage} {action.Expert} {action.Name}"));
            Seconds.AddRange(actions.Select(action => action.Seconds));
        }

        public void PhaseStarted(string name, int actions)
        {
        }

        public void ActionStarted(ActionSpec action)
        {
        }

        public void ActionFinished(ActionEvent action) => Ended.Add($"{action.Stage} {action.Expert} {action.Name}");

        public void Waiting(ActionSpec action)
        {
        }

        public void Report(Diagnostic diagnostic)
        {
        }
    }
}
