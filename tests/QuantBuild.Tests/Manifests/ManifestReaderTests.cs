using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Manifests;

public sealed class ManifestReaderTests
{
    [Theory]
    [InlineData("hf://org/model", "main")]
    [InlineData("hf://org/model@refs/pr/1", "refs/pr/1")]
    public void A_source_may_be_a_repository(string source, string revision)
    {
        QuantManifest manifest =
            ManifestText.Valid(ManifestText.Minimal.Replace("\"checkpoint\"", $"\"{source}\"", StringComparison.Ordinal));
        Assert.Equal(("org/model", revision), (manifest.Model.Repository!.Repository.ToString(), manifest.Model.Repository.Revision));
        Assert.Equal($"hf://org/model@{revision}", manifest.Model.Source);
    }

    [Fact]
    public void A_minimal_manifest_gets_the_settings_of_the_paper()
    {
        QuantManifest manifest = ManifestText.Valid(ManifestText.Minimal);

        Assert.Equal("model", manifest.Name);
        Assert.Equal("/project/checkpoint", manifest.Model.Source);
        Assert.Equal("wan2.2-i2v", manifest.Model.Architecture.Name);
        Assert.Equal(0.9, manifest.Model.Boundary);
        Assert.Equal(900, manifest.Model.BoundaryTimestep);
        Assert.Equal(["high_noise", "low_noise"], manifest.Experts.Select(e => e.Name));
        Assert.All(manifest.Experts, expert => Assert.Null(expert.Weights));
        Assert.Equal(["early 0-0.33", "mid 0.33-0.66", "boundary 0.66-1"], manifest.Experts[0].Bins.Select(Spell));
        Assert.Equal(["boundary 0-0.2", "mid 0.2-0.7", "late 0.7-1"], manifest.Experts[1].Bins.Select(Spell));
        Assert.Equal(new CalibrationSection("/project/calibration.jsonl", 12, SolverKind.UniPc, 40, 5, 1, 1, 64, 42,
            new SourceSpan("/project/model.quant.json", 4, 28)), manifest.Calibration);
        Assert.Equal(LayerRecipe.Default, manifest.Quantize);
        Assert.Equal([0.6, 0.7, 0.8, 0.9, 1.0], manifest.Quantize.Activations.ClipRatios);
        Assert.Equal([0], manifest.Quantize.Activations.ExponentOffsets);
        Assert.Empty(manifest.Overrides);
        Assert.Empty(manifest.Gates.Thresholds);
        Assert.Equal((OutputLayout.Native, 4L << 30, null), (manifest.Output.Layout, manifest.Output.ShardSize, manifest.Output.KeptDtype));
    }

    [Fact]
    public void The_tiny_model_s_manifest_is_valid_and_says_what_the_paper_says()
    {
        ManifestReadResult result = ManifestReader.Read(TestData.TinyWan("tinywan.quant.json"));

        Assert.Empty(result.Diagnostics);
        QuantManifest manifest = result.Manifest!;
        Assert.Equal("tinywan", manifest.Name);
        Assert.Equal(TestData.TinyWan(), manifest.Directory);
        Assert.Equal(TestData.TinyWan("checkpoint"), manifest.Model.Source);
        Assert.Equal(32, manifest.Calibration.TokensPerStep);
        Assert.Equal(LayerRecipe.Default, manifest.Quantize);
    }

    [Fact]
    public void Every_key_reaches_its_record()
    {
        QuantManifest manifest = ManifestText.Valid("""
            {
              "$schema": "quant.schema.json",
              "name": "my-model",
              "model": { "architecture": "wan2.2-i2v", "source": "/data/wan", "boundary": 0.875 },
              "experts": {
                "low_noise": {
                  "weights": { "folder": "low", "method": "rtn", "damp": 0.02, "blockSize": 64 },
                  "bins": [{ "name": "a", "timesteps": [874, 500], "clipRatios": [0.5, 1] }, { "name": "b", "timesteps": [499, 0] }],
                  "precision": "w4a16",
                  "smooth": false,
                  "lowRank": { "rank": 32, "method": "exact" }
                },
                "high_noise": { "weights": "sub\\high", "bins": [{ "name": "all", "from": 0, "to": 1 }] }
              },
              "calibration": {
                "data": "sets\\c.jsonl", "samples": 3, "solver": "euler", "steps": 8, "shift": 3, "guidance": { "high_noise": 3.5, "low_noise": 4 },
                "tokensPerStep": 16, "seed": 18446744073709551615
              },
              "quantize": {
                "format": "mxfp4", "precision": "w4a4",
                "smooth": { "enabled": true, "alpha": 0.25, "share": "layer" }, "lowRank": { "rank": 8, "method": "randomized", "accuracy": 0.01 },
                "weights": { "method": "gptq", "damp": 0.1, "blockSize": 256 },
                "activations": { "granularity": "bin", "clipRatios": [0.8], "exponentOffsets": [-1, 0, 1], "ties": "zero", "objective": "activation" }
              },
              "overrides": [{ "match": "blocks.3-5.ffn.2", "experts": ["low_noise"], "lowRank": { "rank": 64, "accuracy": 0.1 } }],
              "gates": { "maxRelativeError": 0.2, "maxErrorVsRtn": 1.0 },
              "output": { "layout": "native", "shardSize": "500MB", "keptDtype": "f32" }
            }
            """);

        Assert.Equal("my-model", manifest.Name);
        Assert.Equal("/data/wan", manifest.Model.Source);
        Assert.Equal(875, manifest.Model.BoundaryTimestep);
        Assert.Equal(Path.Combine("sub", "high"), manifest.Experts[0].Weights);
        ExpertSection low = manifest.Experts[1];
        Assert.Equal("low", low.Weights);
        Assert.Equal(["a 874-500", "b 499-0"], low.Bins.Select(Spell));
        Assert.Equal([0.5, 1], low.Bins[0].ClipRatios!.Value);
        Assert.Null(low.Bins[1].ClipRatios);
        LayerRecipe lowRecipe = low.Patch.ApplyTo(manifest.Quantize);
        Assert.Equal(Precision.W4A16, lowRecipe.Precision);
        Assert.Equal(new SmoothRecipe(false, 0.25, SmoothShare.Layer), lowRecipe.Smooth);
        Assert.Equal(new LowRankRecipe(32, LowRankMethod.Exact, 0.01), lowRecipe.LowRank);
        Assert.Equal(Weights(WeightMethod.Rtn, 0.02, 64), lowRecipe.Weights);
        CalibrationSection calibration = manifest.Calibration;
        Assert.Equal(("/project/sets/c.jsonl", 3, SolverKind.Euler, 8, 3.0, 3.5, 4.0, 16, ulong.MaxValue),
            (calibration.Data, calibration.Samples,
            calibration.Solver, calibration.Steps, calibration.Shift, calibration.GuidanceHigh, calibration.GuidanceLow,
                calibration.TokensPerStep, calibration.Seed));
        Assert.Equal(new SmoothRecipe(true, 0.25, SmoothShare.Layer), manifest.Quantize.Smooth);
        Assert.Equal(new LowRankRecipe(8, LowRankMethod.Randomized, 0.01), manifest.Quantize.LowRank);
        Assert.Equal(Weights(WeightMethod.Gptq, 0.1, 256), manifest.Quantize.Weights);
        ActivationRecipe activations = manifest.Quantize.Activations;
        Assert.Equal((ClipGranularity.Bin, TieRule.Zero, ClipObjective.Activation),
            (activations.Granularity, activations.Ties, activations.Objective));
        Assert.Equal([0.8], activations.ClipRatios);
        Assert.Equal([-1, 0, 1], activations.ExponentOffsets);
        OverrideSection over = Assert.Single(manifest.Overrides);
        Assert.Equal("blocks.3-5.ffn.2", over.Match);
        Assert.Equal(["low_noise"], over.Experts);
        Assert.Equal([RecipeSettings.Rank, RecipeSettings.LowRankAccuracy], over.Patch.Settings);
        Assert.Equal(0.1, over.Patch.ApplyTo(manifest.Quantize).LowRank.Accuracy);
        Assert.Equal(64, over.Patch.Find(RecipeSettings.Rank));
        Assert.Equal([(GateMetric.RelativeError, 0.2), (GateMetric.ErrorVsRtn, 1.0)],
            manifest.Gates.Thresholds.Select(gate => (gate.Metric, gate.Limit)));
        Assert.Equal((OutputLayout.Native, 500_000_000, DType.F32),
            (manifest.Output.Layout, manifest.Output.ShardSize, manifest.Output.KeptDtype));
    }

    [Fact]
    public void Comments_trailing_commas_and_a_byte_order_mark_are_allowed()
    {
        string text = "\uFEFF/* head */ " + ManifestText.Minimal.Replace("\"checkpoint\" }", "\"checkpoint\", }, // tail");

        Assert.Equal("/project/checkpoint", ManifestText.Valid(text).Model.Source);
    }

    [Fact]
    public void Positions_of_settings_are_kept()
    {
        QuantManifest manifest = ManifestText.Valid(ManifestText.With("""
            "quantize": {
              "lowRank": { "rank": 8 }, "smooth": false
            }
            """));

        Assert.Equal(new SourceSpan("/project/model.quant.json", 6, 24), manifest.QuantizePatch.Spans[RecipeSettings.Rank]);
        Assert.Equal(new SourceSpan("/project/model.quant.json", 6, 39), manifest.QuantizePatch.Spans[RecipeSettings.SmoothEnabled]);
        Assert.Equal(2, manifest.QuantizePatch.Spans.Count);
    }

    [Theory]
    [InlineData("\"4GiB\"", 4L << 30)]
    [InlineData("\"100 MiB\"", 100L << 20)]
    [InlineData("\"500MB\"", 500_000_000)]
    [InlineData("\"65536B\"", 65536)]
    [InlineData("70000", 70000)]
    public void Shard_sizes_are_texts_with_units_or_bytes(string size, long bytes) =>
        Assert.Equal(bytes, ManifestText.Valid(ManifestText.With($$"""  "output": { "shardSize": {{size}} } """)).Output.ShardSize);

    [Fact]
    public void One_guidance_scale_serves_both_experts()
    {
        CalibrationSection calibration =
            ManifestText.Valid(ManifestText.Minimal.Replace(".jsonl\"", ".jsonl\", \"guidance\": 3.5")).Calibration;

        Assert.Equal((3.5, 3.5), (calibration.GuidanceHigh, calibration.GuidanceLow));
    }

    private static string Spell(BinSection bin) => FormattableString.Invariant($"{bin.Name} {bin.From}-{bin.To}");

    private static WeightRecipe Weights(WeightMethod method, double damp, int blockSize) => LayerRecipe.Default.Weights with
    {
        Method = method,
        Damp = damp,
        BlockSize = blockSize,
    };
}
