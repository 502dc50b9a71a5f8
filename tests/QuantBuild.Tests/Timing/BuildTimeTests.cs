using QuantBuild.Compiler;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Timing;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Timing;

public sealed class BuildTimeTests : IDisposable
{
    private static readonly MachineSpeed Fast = new(MachineIdentity.Text, Environment.ProcessorCount, 1e-3, 1e-9, All(1e-11), All(1e-11));

    private readonly TinyProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void The_speed_of_this_machine_is_measured_once_and_kept_in_the_store()
    {
        TimePrediction first = Plan(measure: false).Time;

        Assert.Equal(MachineIdentity.Text, first.Speed.Machine);
        Assert.All(Values(first.Speed.Small).Concat(Values(first.Speed.Large)), seconds => Assert.InRange(seconds, 1e-13, 1e-6));
        Assert.InRange(first.Speed.Action, 1e-5, 1);
        Assert.Equal(first.Speed, Plan(measure: false).Time.Speed);
        Assert.NotEqual(first.Speed, Plan(measure: true).Time.Speed);
    }

    [Fact]
    public void The_speed_of_another_machine_or_version_is_not_used()
    {
        string folder = Directory.CreateTempSubdirectory("speed").FullName;
        using (ContentStore store = ContentStore.Open(folder))
        {
            Assert.Null(MachineSpeed.Load(store));
            Fast.Save(store);
            Assert.Equal(Fast, MachineSpeed.Load(store));
            (Fast with { Machine = "another" }).Save(store);
            Assert.Null(MachineSpeed.Load(store));
            File.WriteAllText(Path.Combine(folder, "machine", "speed.json"), "{");
            Assert.Null(MachineSpeed.Load(store));
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void What_is_in_the_store_takes_no_time()
    {
        TimePrediction before = Predict(Plan(measure: false), threads: 1);
        _project.Build();
        TimePrediction after = Predict(Plan(measure: false), threads: 1);

        Assert.All(before.Stages, stage => Assert.True(stage.Seconds >= stage.Missing * Fast.Action, stage.Stage));
        Assert.All(before.Stages, stage => Assert.Equal(stage.Actions, stage.Missing));
        Assert.Equal(before.Start + before.Stages.Sum(stage => stage.Seconds), before.ProcessorSeconds);
        Assert.Equal(0, after.Seconds);
        Assert.Equal(before.Stages.Select(stage => (stage.Stage, stage.Actions)), after.Stages.Select(stage => (stage.Stage, stage.Actions)));
    }

    [Fact]
    public void Threads_share_the_work_as_far_as_there_are_processors()
    {
        PlanReport report = Plan(measure: false);
        double one = Predict(report, threads: 1, processors: 4).Seconds;

        Assert.Equal(one / 4, Predict(report, threads: 4, processors: 4).Seconds, 12);
        Assert.Equal(one / 4, Predict(report, threads: 16, processors: 4).Seconds, 12);
    }

    [Fact]
    public void Speeds_between_the_sizes_that_were_measured_lie_between_theirs()
    {
        MachineSpeed speed = Fast with { Small = All(2), Large = All(1) };

        Assert.Equal(2, speed.At(192, 192).Clip);
        Assert.Equal(2, speed.At(8, 8).Gptq);
        Assert.Equal(1, speed.At(1024, 1024).Product);
        Assert.Equal(1, speed.At(5120, 13824).Measure);
        Assert.InRange(speed.At(512, 512).Hessian, 1.0001, 1.9999);
    }

    private static OperationSeconds All(double seconds) => new(seconds, seconds, seconds, seconds, seconds, seconds, seconds, seconds);

    private static double[] Values(OperationSeconds cost) => [cost.Product, cost.LowRank, cost.Hessian, cost.Gptq, cost.Clip, cost.Measure];

    private PlanReport Plan(bool measure) => ModelCompiler.Plan(_project.Options() with { MeasureSpeed = measure }, SilentObserver.Instance, TestContext.Current.CancellationToken);

    private static TimePrediction Predict(PlanReport report, int threads, int processors = 4) =>
        BuildTime.Predict(report.Plan, report.Actions, [new(5, 8, 12)], Fast with { Processors = processors }, threads);
}
