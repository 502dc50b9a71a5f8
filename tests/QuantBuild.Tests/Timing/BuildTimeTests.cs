using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Timing;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Timing;

public sealed class BuildTimeTests : IDisposable
{
    private static readonly MachineSpeed Fast = new(MachineIdentity.Text, Environment.ProcessorCount, 1e-6, 1e-9, 1e-8, All(1e-11),
        All(1e-11));

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
        Assert.Equal(before.Stages.Select(stage => (stage.Stage, stage.Actions)),
            after.Stages.Select(stage => (stage.Stage, stage.Actions)));
    }

    [Fact]
    public void The_stages_grow_with_what_they_work_on()
    {
        (double clip, double lowRank, double measure, double trajectory) =
            (Seconds("Clip"), Seconds("LowRank"), Seconds("Measure"), Seconds("Trajectory"));
        _project.ClipRatios = "0.6, 0.7, 0.8, 0.9, 1.0";
        Assert.InRange(Seconds("Clip") / clip, 1.05, 2);
        _project.Overrides = """{ "match": "blocks.0.*", "lowRank": { "rank": 64 } }""";
        Assert.InRange(Seconds("LowRank") / lowRank, 3, 100);
        Assert.InRange(Seconds("Measure") / measure, 1.05, 2);
        _project.Overrides = """{ "match": "blocks.0.*", "lowRank": { "rank": 8, "method": "exact" } }""";
        Assert.InRange(Seconds("LowRank") / lowRank, 3, 1000);
        _project.Guidance = 3;
        Assert.InRange(Seconds("Trajectory") / trajectory, 1.5, 2);

        double Seconds(string name) => Predict(Plan(measure: false), threads: 1).Stages.Single(stage => stage.Stage == name) is var found
            ? found.Seconds - (found.Missing * Fast.Action) : 0;
    }

    [Fact]
    public void Encoders_are_predicted_from_their_shapes_and_those_of_pictures_and_prompts()
    {
        string folder = Directory.CreateTempSubdirectory("pictures").FullName;
        string set = Path.Combine(folder, "set.jsonl");
        string picture = TestData.TinyWan("calibration", "images", "000.png").Replace('\\', '/');
        File.WriteAllText(set, $$"""
            {"id": 0, "prompt": "a red ball", "image": "{{picture}}", "seed": 1, "frames": 17, "width": 96, "height": 64}
            {"id": 1, "prompt": "a red ball", "image": "{{picture}}", "seed": 2, "frames": 33, "width": 96, "height": 64}
            """);
        (_project.Calibration, _project.Guidance) = (set, 3);
        PlanReport report = Plan(measure: false);
        var graph = BuildGraph.Of(report.Plan, null, SampleSet.Of(report.Plan.Manifest));
        double Seconds(string name) => graph.Actions.Single(action => action.Stage == BuildStages.Condition && action.Name == name)
            .Seconds(Fast);

        double small = Seconds("sample 000"), large = Seconds("sample 001");

        // Nine latent frames instead of five, of an autoencoder that takes far more than the prompt.
        Assert.InRange((large - Fast.Action) / (small - Fast.Action), 1.5, 2);
        Assert.InRange(Seconds("empty prompt"), Fast.Action, small);
        Assert.Equal(3, Predict(report, threads: 1).Stages.Single(stage => stage.Stage == "Condition").Missing);
        Directory.Delete(folder, recursive: true);
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
        Assert.Equal(1, speed.At(MachineSpeed.LargeSize, MachineSpeed.LargeSize).Product);
        Assert.Equal(1, speed.At(5120, 13824).Measure);
        Assert.InRange(speed.At(512, 512).Hessian, 1.0001, 1.9999);
    }

    [Fact]
    public void Stages_of_a_device_take_its_time_one_action_after_another()
    {
        PlanReport report = Plan(measure: false);
        var graph = BuildGraph.Of(report.Plan, null, SampleSet.Of(report.Plan.Manifest));
        MachineSpeed speed = Fast with { Processors = 4 };
        StageSpeeds speeds = new(speed, Model: null, Layers: speed.WithProduct(speed.Large.Product / 10));

        TimePrediction plain = BuildTime.Predict(graph, report.Actions, new StageSpeeds(speed), threads: 4),
            device = BuildTime.Predict(graph, report.Actions, speeds, threads: 4);

        double Of(TimePrediction time, string stage) => time.Stages.Single(one => one.Stage == stage).Seconds;
        Assert.Equal(["LowRank", "Gptq", "Clip", "Measure"], device.Stages.Where(stage => stage.OnDevice && stage.Actions > 0)
            .Select(stage => stage.Stage).Where(stage => stage != "Spectrum"));
        // An action's records and files take the same time.
        double Work(TimePrediction time) => Of(time, "Clip") - (time.Stages.Single(one => one.Stage == "Clip").Missing * speed.Action);
        Assert.Equal(Work(plain) / 10, Work(device), 1e-6 * Work(plain));
        Assert.Equal(Of(plain, "Trajectory"), Of(device, "Trajectory"));
        Assert.Equal((device.ProcessorSeconds / 4) + device.DeviceSeconds, device.Seconds, 1e-9);
        Assert.Equal(device.Stages.Where(stage => stage.OnDevice).Sum(stage => stage.Seconds), device.DeviceSeconds, 1e-9);
    }

    private static OperationSeconds All(double seconds) => new(seconds, seconds, seconds, seconds, seconds, seconds, seconds, seconds);

    private static double[] Values(OperationSeconds cost) => [cost.Product, cost.LowRank, cost.Hessian, cost.Gptq, cost.Clip, cost.Measure];

    private PlanReport Plan(bool measure) =>
        ModelCompiler.Plan(_project.Options() with { MeasureSpeed = measure }, SilentObserver.Instance,
            TestContext.Current.CancellationToken);

    private static TimePrediction Predict(PlanReport report, int threads, int processors = 4)
    {
        MachineSpeed speed = Fast with { Processors = processors };
        return BuildTime.Predict(BuildGraph.Of(report.Plan, null, SampleSet.Of(report.Plan.Manifest)), report.Actions,
            new StageSpeeds(speed), threads);
    }
}
