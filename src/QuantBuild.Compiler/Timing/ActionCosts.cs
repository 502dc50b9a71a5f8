using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Timing;

/// <summary>Processor time of a build's actions, from shapes and the speed of a machine.</summary>
internal sealed class ActionCosts
{
    /// <summary>Passes over a weight that the decomposition takes: 8 to 17 on TinyWan, 9 on large layers.</summary>
    private const double UsualPasses = 10;

    /// <summary>What rotary tables, norms, softmax and activation functions of a block add to its products.</summary>
    private const double BesideProducts = 1.25;

    /// <summary>What the first candidate of a clip search costs, in others.</summary>
    private const double FirstCandidate = 8;

    /// <summary>What a convolution costs beside its products: gathering its inputs.</summary>
    private const double Convolving = 1.5;

    /// <summary>Times that an artifact's bytes are read, hashed or written.</summary>
    private const double PackedPasses = 3;

    private readonly Plan _plan;
    private readonly MachineSpeed _speed;
    private readonly Dictionary<(string Expert, string Layer), (ExpertPlan Expert, LayerPlan Layer)> _layers;
    private readonly Dictionary<string, (SampleLine Line, LatentShape Shape)> _samples;
    private readonly EncoderOperations? _encoders;
    private readonly Dictionary<string, long> _artifacts;

    /// <summary>For a plan on a machine.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="sources">Its experts, open.</param>
    /// <param name="samples">Its calibration samples; null when what they lead to is recorded already.</param>
    /// <param name="speed">The machine's speed.</param>
    /// <exception cref="DiagnosticException">A sample's size is not possible, or its tensors cannot be read.</exception>
    public ActionCosts(Plan plan, IReadOnlyList<ExpertSource> sources, SampleSet? samples, MachineSpeed speed)
    {
        _plan = plan;
        _speed = speed;
        IReadOnlyList<LatentShape> shapes = samples?.Shapes() ?? [];
        _samples = samples is null ? [] : samples.Lines.Zip(shapes).ToDictionary(pair => TrajectoryStage.NameOf(pair.First.Id));
        _encoders = samples?.FromPictures == true ? EncoderOperations.Of(plan.Location.Folder) : null;
        _artifacts = sources.ToDictionary(source => source.Plan.Name, source => Predictions.ArtifactBytes(plan, source));
        _layers = plan.Experts.SelectMany(expert => expert.Layers.Select(layer => (expert, layer))).ToDictionary(pair => (pair.expert.Name, pair.layer.Name));
    }

    /// <summary>Seconds of an action.</summary>
    /// <param name="stage">Name of its stage.</param>
    /// <param name="expert">Its expert, or empty.</param>
    /// <param name="name">What it works on.</param>
    public double Of(string stage, string expert, string name) => _speed.Action + Work(stage, expert, name);

    private double Work(string stage, string expert, string name)
    {
        if (stage == Stage.Condition.Name)
            return Condition(name);
        if (stage == Stage.Trajectory.Name)
            return _samples.TryGetValue(name, out (SampleLine, LatentShape Shape) sample) ? Trajectory(LatentCrop.Of(sample.Shape, _plan.Manifest.Calibration.Latent)) : 0;
        if (stage == Stage.Pack.Name)
            return _artifacts.GetValueOrDefault(expert) * _speed.Byte * PackedPasses;
        return _layers.TryGetValue((expert, name.Split('/')[0]), out (ExpertPlan Expert, LayerPlan Layer) found) ? Layer(found.Expert, found.Layer, stage, name) : 0;
    }

    private double Layer(ExpertPlan expert, LayerPlan layer, string stage, string name)
    {
        OperationSeconds cost = _speed.At(layer.OutFeatures, layer.InFeatures);
        double inputs = layer.InFeatures, outputs = layer.OutFeatures, perStep = _plan.Manifest.Calibration.Samples * (double)_plan.Manifest.Calibration.TokensPerStep;
        double tokens = expert.Timesteps.Length * perStep;
        if (stage == Stage.LowRank.Name)
            return LowRank(outputs, inputs, layer.Recipe.LowRank, cost);
        if (stage == Stage.Gptq.Name)
            return layer.Recipe.Weights.Method == WeightMethod.Rtn ? 0 : (tokens * inputs * inputs * cost.Hessian) + (outputs * inputs * inputs * cost.Gptq);
        if (stage == Stage.Clip.Name)
            return outputs * inputs * Candidates(layer) * expert.Bins.Where(bin => name == ClipStage.NameOf(layer, bin)).Sum(bin => (bin.Steps.Length * perStep * cost.Clip) + cost.ClipWeight);
        return stage == Stage.Measure.Name
            ? (tokens * LadderOf(outputs, inputs, layer.Recipe.LowRank.Rank) * cost.Measure) + (outputs * inputs * expert.Bins.Length * cost.MeasureWeight)
            : 0;
    }

    /// <summary>Columns of the basis of a decomposition: whole tiles, at least 16 more than the rank.</summary>
    internal static double BasisOf(int rank) => 32 * Math.Ceiling((rank + 16) / 32.0);

    /// <summary>Multiply-adds per token and method that measuring a layer takes: three of the four methods have a low-rank branch.</summary>
    internal static double LadderOf(double outputs, double inputs, int rank) => (outputs * inputs) + (0.75 * rank * (outputs + inputs));

    /// <summary>A decomposition, which rotates the small matrix of every pass; where the basis would span everything, or that is asked for, the weight itself.</summary>
    private double LowRank(double outputs, double inputs, LowRankRecipe recipe, OperationSeconds cost)
    {
        double width = BasisOf(recipe.Rank), least = Math.Min(outputs, inputs);
        return recipe.Method == LowRankMethod.Exact || width >= least
            ? least * least * Math.Max(outputs, inputs) * _speed.Rotation
            : UsualPasses * ((outputs * inputs * width * cost.LowRank) + (width * width * width * _speed.Rotation));
    }

    /// <summary>Work of a clip search as a part of one with the usual candidates: the first costs a product, others only what they change.</summary>
    private static double Candidates(LayerPlan layer)
    {
        ActivationRecipe recipe = layer.Recipe.Activations, usual = LayerRecipe.Default.Activations;
        return (FirstCandidate + Count(recipe)) / (FirstCandidate + Count(usual));

        static double Count(ActivationRecipe recipe) => recipe.ClipRatios.Length * recipe.ExponentOffsets.Length;
    }

    /// <summary>A picture and its prompt through the encoders, or the empty prompt.</summary>
    private double Condition(string name)
    {
        if (_encoders is null)
            return 0;
        (int letters, LatentShape? shape) = _samples.TryGetValue(name, out (SampleLine Line, LatentShape Shape) sample) ? (sample.Line.Prompt.Length, sample.Shape) : (0, (LatentShape?)null);
        double product = _speed.At(MachineSpeed.LargeSize, MachineSpeed.LargeSize).Product;
        return (_encoders.Prompt(letters, _plan.Experts[0].Config.TextLen) * product) + (_encoders.PromptWeights * 2 * _speed.Byte)
            + (shape is { } latent ? _encoders.Video(latent) * product * Convolving : 0);
    }

    /// <summary>A sample through the full-precision model, the products of all blocks and steps, and what is recorded of it.</summary>
    private double Trajectory(LatentShape shape)
    {
        double tokens = shape.Volume / 4.0, recording = (Predictions.RecordingBytes(_plan) * _speed.Byte) + (_plan.Experts.Sum(expert => expert.Config.NumLayers * WanLayers.Sites.Count) * _speed.Action);
        CalibrationSection calibration = _plan.Manifest.Calibration;
        return recording + _plan.Experts.Sum(expert =>
        {
            WanConfig config = expert.Config;
            double dim = config.Dim;
            double linear = (tokens * ((6 * dim * dim) + (2 * dim * config.FfnDim))) + (config.TextLen * 2 * dim * dim);
            double attention = 2 * tokens * dim * (tokens + config.TextLen);
            double passes = (expert.Name == ExpertNames.HighNoise ? calibration.GuidanceHigh : calibration.GuidanceLow) == 1 ? 1 : 2;
            return expert.Timesteps.Length * passes * config.NumLayers * (linear + attention) * BesideProducts * _speed.At(config.Dim, config.Dim).Product;
        });
    }
}
