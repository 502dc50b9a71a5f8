using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.Models;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Stages;

/// <summary>
/// The canonical text of a key of every stage, as it lies in stores: names and values are spelled by the table of settings and by their own
/// attributes, so that renaming a member in C# changes nothing here. Who changes a line here makes every store forget that stage.
/// </summary>
public sealed class KeyTests
{
    private static readonly Plan Plan = Planner.Resolve(ManifestReader.Read(TestData.TinyWan("tinywan.quant.json")).Manifest!).Plan!;

    private static readonly LayerPlan Layer = Plan.Experts[1].Layers.First(layer => layer.Name == "blocks.0.ffn.2");

    [Theory]
    [InlineData("LowRank", """{"accuracy":0.001,"lowRank":"randomized","rank":16}""", "")]
    [InlineData("LowRank", """{"lowRank":"exact","rank":16}""", "exact")]
    [InlineData("Gptq", """{"damp":0.01,"format":"mxfp4","inputs":"mxfp4","ties":"even","weights":"gptq"}""", "")]
    [InlineData("Gptq", """{"format":"mxfp4","ties":"zero","weights":"rtn"}""", "rtn zero")]
    [InlineData("Gptq", """{"damp":0.01,"format":"mxfp4","inputs":"float","ties":"even","weights":"gptq"}""", "w4a16")]
    [InlineData("Clip",
        """{"clipRatios":[0.6,0.7,0.8,0.9,1],"exponentOffsets":[0],"granularity":"block","objective":"output","steps":[0,1,2,3,4],"ties":"even"}""",
        "")]
    [InlineData("Clip",
        """{"clipRatios":[0.6,0.7,0.8,0.9,1],"exponentOffsets":[0],"granularity":"bin","objective":"activation","steps":[0,1,2,3,4],"ties":"even"}""",
        "bin activation")]
    [InlineData("Clip",
        """{"clipRatios":[0.6,0.7,0.8,0.9,1],"exponentOffsets":[0],"granularity":"block","objective":"output","rotation":"hadamard32","steps":[0,1,2,3,4],"ties":"even"}""",
        "rotated")]
    [InlineData("Gptq",
        """{"damp":0.01,"exponents":"error","format":"mxfp4","inputs":"mxfp4","order":"activation","ties":"even","weights":"gptq"}""",
        "ordered")]
    [InlineData("Gptq",
        """{"accuracy":0.001,"clipRatios":[0.6,0.7,0.8,0.9,1],"damp":0.01,"exponentOffsets":[0],"format":"mxfp4","granularity":"block","inputs":"mxfp4","leastGain":0.0005,"lowRank":"randomized","noise":"modelled","rank":16,"refit":"projected","ridge":0,"rotation":"hadamard32","rounds":6,"ties":"even","weights":"refit"}""",
        "refit rotated")]
    [InlineData("Rotate",
        """{"clipRatios":[0.6,0.7,0.8,0.9,1],"exponentOffsets":[0],"granularity":"block","lowRank":"randomized","rank":16,"rotation":"auto","ties":"even"}""",
        "auto")]
    [InlineData("Measure",
        """{"granularity":"block","precision":"w4a4","steps":[[0,1,2,3,4],[5,6,7,8,9,10,11,12,13,14,15,16,17],[18,19,20,21,22,23,24]],"ties":"even"}""",
        "")]
    [InlineData("Measure",
        """{"precision":"w4a16","steps":[[0,1,2,3,4],[5,6,7,8,9,10,11,12,13,14,15,16,17],[18,19,20,21,22,23,24]],"ties":"even"}""",
        "w4a16")]
    public void Keys_of_layers_are_spelled_as_stores_have_them(string stage, string options, string changes)
    {
        LayerRecipe recipe = changes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate(Usual, Changed);
        var subject = new LayerSubject(Plan, Plan.Experts[1], Layer with { Recipe = recipe }, Plan.Experts[1].Bins[0]);
        ILayerStage link = BuildStages.LayerChain.Single(link => link.Declaration.Name == stage);

        Check(link.Declaration, link.Declaration.Action(subject, StageProfiles.Cpu, []), options);
    }

    [Fact]
    public void Keys_of_the_other_stages_are_spelled_as_stores_have_them()
    {
        Check(BuildStages.Smooth, BuildStages.Smooth.Action(new SmoothGroup(Plan.Experts[1], "blocks.0", [Layer]), StageProfiles.Cpu, []),
            """{"alpha":0.5}""");
        Check(BuildStages.Trajectory, BuildStages.Trajectory.Action(new TrajectorySubject(Plan, 7, () => default(LatentShape)),
            StageProfiles.Cpu, []),
            """{"boundary":900,"guidanceHigh":1,"guidanceLow":1,"sample":7,"seed":"42","shift":5,"solver":"unipc","steps":40,"tokensPerStep":32}""");
        Check(BuildStages.Evaluate, BuildStages.Evaluate.Action(new EvaluateSubject(Plan, "ours", Sample()), StageProfiles.Cpu, []),
            """{"boundary":900,"guidance":3.5,"shift":5,"solver":"unipc","steps":40}""");
        Check(BuildStages.Evaluate,
            BuildStages.Evaluate.Action(new EvaluateSubject(Plan, "ours", Sample(), Repeat: 2), StageProfiles.Cpu, []),
            """{"boundary":900,"guidance":3.5,"repeat":2,"shift":5,"solver":"unipc","steps":40}""");
        Check(BuildStages.Spectrum, BuildStages.Spectrum.Action(new LayerSubject(Plan, Plan.Experts[1], Layer), StageProfiles.Cpu, []),
            """{"values":64}""");
        Check(BuildStages.Curve, BuildStages.Curve.Action(new LayerSubject(Plan, Plan.Experts[1], Layer with { StartRank = 12 }),
            StageProfiles.Cpu, []), """
            {"accuracy":0.001,"clipRatios":[0.6,0.7,0.8,0.9,1],"damp":0.01,"exponentOffsets":[0],"exponents":"error","granularity":"block",
            "lowRank":"randomized","noise":"modelled","order":"activation","precision":"w4a4","ranks":[6,12,24,48],"ridge":0,"ties":"even"}
            """.ReplaceLineEndings(""));
        Check(BuildStages.Decode, BuildStages.Decode.Action(new DecodeSubject("ours", Sample()), StageProfiles.Cpu, []),
            """{"shape":[2,4,6]}""");
        Check(BuildStages.Condition,
            BuildStages.Condition.Action(new ConditionSubject(Plan.Experts[0].Config, null), StageProfiles.Cpu, []),
            $$"""{"prompt":"","textLength":{{Plan.Experts[0].Config.TextLen}}}""");
    }

    [Theory]
    [InlineData(null, "source")]
    [InlineData(DType.BF16, "bf16")]
    [InlineData(DType.F32, "f32")]
    public void Element_types_of_kept_tensors_have_the_manifest_s_names(DType? type, string name) =>
        Assert.Equal(name, RecipeNames.KeptDtype.NameOf(new(type)));

    [Fact]
    public void Every_choice_of_a_manifest_is_spelled_once()
    {
        Assert.Equal(["w4a4", "w4a16", "bf16"], RecipeNames.Precision.Names);
        Assert.Equal(["site", "layer", "auto"], RecipeNames.Share.Names);
        Assert.Equal(["auto", "none", "hadamard32"], RecipeNames.Rotation.Names);
        Assert.Equal(["none", "hadamard32"], RecipeNames.AppliedRotation.Names);
        Assert.Equal(["channel", "activation"], RecipeNames.Order.Names);
        Assert.Equal(["floor", "error"], RecipeNames.Exponents.Names);
        Assert.Equal(["modelled", "ignored"], RecipeNames.Noise.Names);
        Assert.Equal(["randomized", "exact"], RecipeNames.LowRankMethod.Names);
        Assert.Equal(["gptq", "rtn", "refit"], RecipeNames.WeightMethod.Names);
        Assert.Equal(["block", "bin"], RecipeNames.Granularity.Names);
        Assert.Equal(["even", "zero"], RecipeNames.Ties.Names);
        Assert.Equal(["output", "activation"], RecipeNames.Objective.Names);
        Assert.Equal(["native", "compressed-tensors", "msmodelslim", "lightx2v", "bf16", "bf16-diffusers"], RecipeNames.Layout.Names);
        Assert.Equal(["cpu", "torch"], ComputeNames.Backend.Names);
        Assert.Equal(["cpu", "cuda"], ComputeNames.Device.Names);
        Assert.Equal(["bf16", "float32"], ComputeNames.DType.Names);
        Assert.Throws<InvalidOperationException>(() => NamedValues.Of<DayOfWeek>());
    }

    private static void Check(Stage stage, ActionSpec action, string options)
    {
        Assert.Equal($$"""{"inputs":{},"options":{{options}},"profile":"cpu-1","stage":"{{stage.Name}}","version":{{stage.Version}}}""",
            System.Text.Encoding.UTF8.GetString(CanonicalJson.Serialize(action.Description)));
        Assert.Equal(Digest.Of(CanonicalJson.Serialize(action.Description)), action.Key);
    }

    private static QuantBuild.Compiler.Calibration.CalibrationSample Sample() =>
        new(0, "", new LatentShape(2, 4, 6), Digest.Of([]), () => throw new InvalidOperationException());

    /// <summary>The recipe of the paper: its keys are those of stores from before there was another.</summary>
    private static LayerRecipe Usual => LayerRecipe.Default.With(RecipeSettings.WeightMethod, WeightMethod.Gptq)
        .With(RecipeSettings.Order, WeightOrder.Channel).With(RecipeSettings.Exponents, BlockExponents.Floor)
        .With(RecipeSettings.Rotation, RotationMode.None);

    private static LayerRecipe Changed(LayerRecipe recipe, string change) => change switch
    {
        "refit" => recipe.With(RecipeSettings.WeightMethod, WeightMethod.Refit),
        "ordered" => recipe.With(RecipeSettings.Order, WeightOrder.Activation).With(RecipeSettings.Exponents, BlockExponents.Error),
        "rotated" => recipe.With(RecipeSettings.Rotation, RotationMode.Hadamard32),
        "auto" => recipe.With(RecipeSettings.Rotation, RotationMode.Auto),
        "exact" => recipe.With(RecipeSettings.LowRankMethod, LowRankMethod.Exact),
        "rtn" => recipe.With(RecipeSettings.WeightMethod, WeightMethod.Rtn),
        "zero" => recipe.With(RecipeSettings.Ties, TieRule.Zero),
        "w4a16" => recipe.With(RecipeSettings.Precision, Precision.W4A16),
        "bin" => recipe.With(RecipeSettings.Granularity, ClipGranularity.Bin),
        "activation" => recipe.With(RecipeSettings.Objective, ClipObjective.Activation),
        _ => throw new ArgumentOutOfRangeException(nameof(change)),
    };
}
