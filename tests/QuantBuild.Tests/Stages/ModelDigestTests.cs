using System.Reflection;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;

namespace QuantBuild.Tests.Stages;

public sealed class ModelDigestTests
{
    private static readonly WanConfig Config = new() { Dim = 64, FfnDim = 128, NumHeads = 4, NumLayers = 2, InDim = 36, OutDim = 16 };

    public static TheoryData<string> Fields =>
        [.. typeof(WanConfig).GetProperties().Where(property => property.CanWrite).Select(property => property.Name)];

    [Theory]
    [MemberData(nameof(Fields))]
    public void Every_field_of_the_configuration_takes_part(string field)
    {
        PropertyInfo property = typeof(WanConfig).GetProperty(field)!;
        WanConfig other = Config with { };
        property.SetValue(other, property.GetValue(Config) is int size ? (object)(size + 1) : 2e-6f);

        Assert.NotEqual(ModelDigest.Of(default, Config), ModelDigest.Of(default, other));
    }

    [Fact]
    public void The_tensors_take_part() =>
        Assert.NotEqual(ModelDigest.Of(Digest.Of([1]), Config), ModelDigest.Of(Digest.Of([2]), Config));

    [Fact]
    public void What_the_configuration_says_decides_whether_the_model_runs_again()
    {
        using var project = new TinyProject { Samples = 1 };
        project.CopyCheckpoint();
        project.Build();

        Assert.Equal(ActionOutcome.Cached, TrajectoryAfter(project, "\"eps\": 1e-06", "\"eps\":   0.000001"));
        Assert.Equal(ActionOutcome.Missing, TrajectoryAfter(project, "\"eps\": 1e-06", "\"eps\": 1e-05"));
        Assert.Equal(ActionOutcome.Missing, TrajectoryAfter(project, "\"num_heads\": 3", "\"num_heads\": 2"));
    }

    private static ActionOutcome TrajectoryAfter(TinyProject project, string text, string replacement)
    {
        string config = Path.Combine(project.Checkpoint, "low_noise_model", "config.json");
        string original = File.ReadAllText(config);
        Assert.Contains(text, original, StringComparison.Ordinal);
        File.WriteAllText(config, original.Replace(text, replacement, StringComparison.Ordinal));
        PlanReport plan = ModelCompiler.Plan(project.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken);
        File.WriteAllText(config, original);
        return Assert.Single(plan.Actions, action => action.Stage == "Trajectory").Outcome;
    }
}
