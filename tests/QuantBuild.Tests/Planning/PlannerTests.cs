using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Models.Wan;
using QuantBuild.Tests.Manifests;

namespace QuantBuild.Tests.Planning;

public sealed class PlannerTests
{
    [Fact]
    public void The_tiny_model_s_plan_has_the_paper_s_bins_and_every_layer()
    {
        PlanResult result = Planner.Resolve(ManifestReader.Read(TestData.TinyWan("tinywan.quant.json")).Manifest!);

        Assert.Empty(result.Diagnostics);
        Plan plan = result.Plan!;
        Assert.Equal(900, plan.Calibration.Boundary);
        Assert.Equal((40, 999), (plan.Calibration.Timesteps.Length, plan.Calibration.Timesteps[0]));
        Assert.Equal(["high_noise", "low_noise"], plan.Experts.Select(e => e.Name));
        Assert.Equal([15, 25], plan.Experts.Select(e => e.Timesteps.Length));
        Assert.Equal(["early 5", "mid 5", "boundary 5"], plan.Experts[0].Bins.Select(b => $"{b.Name} {b.Steps.Length}"));
        Assert.Equal(["boundary 5", "mid 13", "late 7"], plan.Experts[1].Bins.Select(b => $"{b.Name} {b.Steps.Length}"));
        Assert.All(plan.Experts, expert =>
        {
            Assert.Equal(6 * 10, expert.Layers.Length);
            Assert.Equal(6 * 27 + 15 - 60, expert.KeptTensors.Length);
            Assert.Equal(expert.KeptTensors.Order(StringComparer.Ordinal), expert.KeptTensors);
            Assert.All(expert.Layers, layer => Assert.Equal("default", layer.Reason));
        });
        Assert.Equal(["self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "cross_attn.q", "cross_attn.k", "cross_attn.v",
            "cross_attn.o", "ffn.0", "ffn.2"],
            plan.Experts[0].Layers.Where(l => l.Block == 3).Select(l => l.Name["blocks.3.".Length..]));
        LayerPlan last = plan.Experts[1].Layers[^1];
        Assert.Equal(("blocks.5.ffn.2", "blocks.5.ffn.2.weight", 192, 512, WanSite.Ffn2),
            (last.Name, last.WeightName, last.OutFeatures, last.InFeatures, last.Site));
    }

    [Fact]
    public void Bins_partition_the_timesteps_of_both_experts()
    {
        Plan plan = Planner.Resolve(ManifestReader.Read(TestData.TinyWan("tinywan.quant.json")).Manifest!).Plan!;

        TimestepBin[] bins = [.. plan.Experts.SelectMany(expert => expert.Bins)];

        Assert.Equal(1000, bins[0].MaxTimestep);
        Assert.Equal(900, bins[2].MinTimestep);
        Assert.Equal(899, bins[3].MaxTimestep);
        Assert.Equal(0, bins[^1].MinTimestep);
        Assert.All(bins.Zip(bins.Skip(1)), pair => Assert.Equal(pair.First.MinTimestep - 1, pair.Second.MaxTimestep));
        Assert.All(plan.Experts, expert =>
        {
            Assert.Equal(Enumerable.Range(0, expert.Timesteps.Length), expert.Bins.SelectMany(bin => bin.Steps));
            Assert.All(expert.Bins.Skip(1).Zip(expert.Bins), pair =>
                Assert.Equal(expert.Timesteps[pair.First.Steps[0]] + 1, pair.Second.MinTimestep));
            Assert.All(expert.Bins, bin => Assert.All(bin.Steps, step => Assert.True(bin.Contains(expert.Timesteps[step]))));
        });
    }

    [Fact]
    public void Bins_given_as_timesteps_keep_them_and_reach_up_to_pure_noise()
    {
        using var checkpoint = new TestCheckpoint();

        Plan plan = checkpoint.Plan(ManifestText.WithBins(
            "[{ \"name\": \"a\", \"timesteps\": [999, 950], \"clipRatios\": [0.7, 1] }, { \"name\": \"b\", \"timesteps\": [949, 900] }]"));

        Assert.Equal([(1000, 950), (949, 900)], plan.Experts[0].Bins.Select(b => (b.MaxTimestep, b.MinTimestep)));
        Assert.Equal([0.7, 1], plan.Experts[0].Bins[0].ClipRatios!.Value);
        Assert.Null(plan.Experts[0].Bins[1].ClipRatios);
    }

    [Fact]
    public void A_bin_without_a_calibration_step_is_an_error()
    {
        using var checkpoint = new TestCheckpoint();

        Assert.Equal(
            [
                "3 QB1040: No calibration step falls into bin 'boundary' of high_noise, which has 2 of the 5 steps",
                "3 QB1040: No calibration step falls into bin 'late' of low_noise, which has 3 of the 5 steps",
            ],
            checkpoint.Problems(ManifestText.Minimal.Replace(".jsonl\"", ".jsonl\", \"steps\": 5")));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(1000)]
    public void Any_schedule_s_steps_fall_into_exactly_one_bin(int steps)
    {
        using var checkpoint = new TestCheckpoint();
        string text = ManifestText.Minimal.Replace(".jsonl\"", $".jsonl\", \"steps\": {steps}, \"tokensPerStep\": 1000");

        Plan plan = checkpoint.Plan(text);

        Assert.All(plan.Experts, expert =>
            Assert.Equal(Enumerable.Range(0, expert.Timesteps.Length), expert.Bins.SelectMany(b => b.Steps)));
    }

    [Fact]
    public void A_bin_with_few_tokens_is_a_warning_that_names_the_cure()
    {
        using var checkpoint = new TestCheckpoint();
        string text = ManifestText.Minimal.Replace(".jsonl\"", ".jsonl\", \"samples\": 1, \"tokensPerStep\": 16");

        PlanResult result = checkpoint.Resolve(text);

        Assert.NotNull(result.Plan);
        Assert.Equal(result.Diagnostics, result.Plan.Warnings);
        Assert.Equal(
            "Bin 'early' of high_noise is calibrated on at most 80 tokens, fewer than twice the 96 input channels of its widest layer; "
                + "tokensPerStep 39 would do",
            result.Diagnostics[0].Message);
        Assert.Equal(["early", "mid", "boundary", "boundary", "late"], result.Diagnostics.Select(d => d.Arguments[0]));
    }

    [Fact]
    public void Layers_kept_at_bf16_are_planned_and_their_weights_pass_through()
    {
        using var checkpoint = new TestCheckpoint();

        Plan plan = checkpoint.Plan(ManifestText.With("""
            "overrides": [{ "match": "blocks.1.ffn.2", "precision": "bf16" }]
            """));

        LayerPlan kept = plan.Experts[0].Layers.Single(layer => layer.Recipe.Precision == Precision.BF16);
        Assert.Equal("blocks.1.ffn.2", kept.Name);
        Assert.Contains("blocks.1.ffn.2.weight", plan.Experts[0].KeptTensors);
        Assert.DoesNotContain("blocks.1.ffn.0.weight", plan.Experts[0].KeptTensors);
        Assert.Contains("blocks.1.ffn.0.bias", plan.Experts[0].KeptTensors);
    }
}
