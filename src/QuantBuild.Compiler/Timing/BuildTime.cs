using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Reporting;
using QuantBuild.Compiler.Stages;
using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Timing;

/// <summary>Predicts how long the actions take that the store does not have, from shapes and the speed of the machine.</summary>
internal static class BuildTime
{
    /// <summary>Processor time of a program that finds nothing to do: start, plan, compiled code of what runs.</summary>
    private const double Start = 1.5;

    /// <summary>Passes over a weight that the decomposition takes: 8 to 17 on TinyWan, 9 on large layers.</summary>
    private const double UsualPasses = 10;

    /// <summary>What rotary tables, norms, softmax and activation functions of a block add to its products.</summary>
    private const double BesideProducts = 1.25;

    /// <summary>What this process has measured, for stores that do not know it yet.</summary>
    private static MachineSpeed? _measured;

    /// <summary>Predicts; measures first when the store remembers no speed of this machine.</summary>
    /// <param name="session">The build, after it was looked at.</param>
    /// <param name="shapes">Latents of the calibration samples.</param>
    public static TimePrediction Predict(CompileSession session, IReadOnlyList<LatentShape> shapes)
    {
        MachineSpeed? known = session.Options.MeasureSpeed ? null : MachineSpeed.Load(session.Store);
        MachineSpeed speed = known ?? (session.Options.MeasureSpeed ? null : _measured) ?? SpeedMeasurement.Run(session.Store, session.Context.Cancellation);
        if (known is null)
            speed.Save(session.Store);
        _measured = speed;
        return Predict(session.Plan, session.Runner.Trace, shapes, speed, session.Context.Budget.Threads);
    }

    /// <summary>The prediction for a speed.</summary>
    internal static TimePrediction Predict(Plan plan, IReadOnlyList<ActionEvent> actions, IReadOnlyList<LatentShape> shapes, MachineSpeed speed, int threads)
    {
        Dictionary<(string, string), (ExpertPlan Expert, LayerPlan Layer)> layers = plan.Experts
            .SelectMany(expert => expert.Layers.Select(layer => (expert, layer))).ToDictionary(pair => (pair.expert.Name, pair.layer.Name));
        double sample = shapes.Count == 0 ? 0 : shapes.Average(shape => Trajectory(plan, shape, speed)) + (Predictions.RecordingBytes(plan) * speed.Byte);
        StageTime[] stages = [.. Stage.AllOf(actions.Any(action => action.Stage == Stage.Condition.Name)).Select(stage =>
        {
            ActionEvent[] all = [.. actions.Where(action => action.Stage == stage.Name)], missing = [.. all.Where(action => action.Outcome == ActionOutcome.Missing)];
            double? seconds = stage == Stage.Condition && missing.Length > 0 ? null : missing.Sum(action => speed.Action + Seconds(action));
            return new StageTime(stage.Name, all.Length, missing.Length, seconds);
        })];
        return new TimePrediction(stages, threads, speed, stages.Any(stage => stage.Missing > 0) ? Start : 0);

        double Seconds(ActionEvent action)
        {
            if (action.Stage == Stage.Trajectory.Name)
                return sample;
            if (action.Stage == Stage.Pack.Name)
                return plan.Experts.Where(expert => expert.Name == action.Expert).Sum(expert => expert.Layers.Sum(layer => LayerSize.Of(expert, layer).Total)) * speed.Byte;
            return layers.TryGetValue((action.Expert, action.Name.Split('/')[0]), out (ExpertPlan Expert, LayerPlan Layer) found)
                ? Layer(plan, found.Expert, found.Layer, action, speed) : 0;
        }
    }

    private static double Layer(Plan plan, ExpertPlan expert, LayerPlan layer, ActionEvent action, MachineSpeed speed)
    {
        OperationSeconds cost = speed.At(layer.OutFeatures, layer.InFeatures);
        double inputs = layer.InFeatures, outputs = layer.OutFeatures, perStep = plan.Manifest.Calibration.Samples * (double)plan.Manifest.Calibration.TokensPerStep;
        double tokens = expert.Timesteps.Length * perStep;
        if (action.Stage == Stage.LowRank.Name)
            return outputs * inputs * (layer.Recipe.LowRank.Rank + 16) * UsualPasses * cost.LowRank;
        if (action.Stage == Stage.Gptq.Name)
            return layer.Recipe.Weights.Method == WeightMethod.Rtn ? 0 : (tokens * inputs * inputs * cost.Hessian) + (outputs * inputs * inputs * cost.Gptq);
        if (action.Stage == Stage.Clip.Name)
            return outputs * inputs * expert.Bins.Where(bin => action.Name == ClipStage.NameOf(layer, bin)).Sum(bin => (bin.Steps.Length * perStep * cost.Clip) + cost.ClipWeight);
        return action.Stage == Stage.Measure.Name ? outputs * inputs * ((tokens * cost.Measure) + (expert.Bins.Length * cost.MeasureWeight)) : 0;
    }

    /// <summary>A sample through the full-precision model: the products of all blocks and steps.</summary>
    private static double Trajectory(Plan plan, LatentShape shape, MachineSpeed speed)
    {
        double tokens = shape.Volume / 4.0;
        CalibrationSection calibration = plan.Manifest.Calibration;
        return plan.Experts.Sum(expert =>
        {
            WanConfig config = expert.Config;
            double dim = config.Dim;
            double linear = (tokens * ((6 * dim * dim) + (2 * dim * config.FfnDim))) + (config.TextLen * 2 * dim * dim);
            double attention = 2 * tokens * dim * (tokens + config.TextLen);
            double passes = (expert.Name == ExpertNames.HighNoise ? calibration.GuidanceHigh : calibration.GuidanceLow) == 1 ? 1 : 2;
            return expert.Timesteps.Length * passes * config.NumLayers * (linear + attention) * BesideProducts * speed.At(config.Dim, config.Dim).Product;
        });
    }
}
