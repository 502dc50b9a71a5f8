using System.Collections.Immutable;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>The chain of actions of one layer: LowRank, Gptq, Clip per bin, Measure.</summary>
internal static class LayerBuild
{
    /// <summary>Builds a layer; null when the runner only looks and something is missing.</summary>
    public static BuiltLayer? Run(BuildContext context, ExpertSource source, LayerPlan layer, BlobRef? smooth, IReadOnlyList<Recording> recordings)
    {
        using var work = new LayerWork(context, source, layer, smooth, recordings);
        LowRankStage.Result? branch = null;
        if (layer.Recipe.LowRank.Rank > 0)
        {
            branch = LowRankStage.Run(work);
            if (branch is null)
                return UnknownFrom(context, source.Plan, layer, Stage.Gptq);
            work.LowRank = branch.Value.Factors;
        }
        if (GptqStage.Run(work) is not { } rounded)
            return UnknownFrom(context, source.Plan, layer, Stage.Clip);
        work.Weights = rounded.Weights;

        var clips = ImmutableArray.CreateBuilder<BlobRef>();
        if (layer.Recipe.Precision == Precision.W4A4)
        {
            foreach (TimestepBin bin in source.Plan.Bins)
            {
                if (ClipStage.Run(work, bin) is { } clip)
                    clips.Add(clip);
            }
            if (clips.Count < source.Plan.Bins.Length)
                return UnknownFrom(context, source.Plan, layer, Stage.Measure);
        }
        return MeasureStage.Run(work, clips) is { } measure
            ? new BuiltLayer(layer, smooth, work.LowRank, branch?.Outcome, rounded.Weights, rounded.Outcome, clips.ToImmutable(), measure)
            : null;
    }

    /// <summary>Notes all actions of a layer as missing.</summary>
    public static void Unknown(BuildContext context, ExpertPlan expert, LayerPlan layer) =>
        UnknownFrom(context, expert, layer, layer.Recipe.LowRank.Rank > 0 ? Stage.LowRank : Stage.Gptq);

    private static BuiltLayer? UnknownFrom(BuildContext context, ExpertPlan expert, LayerPlan layer, Stage first)
    {
        Stage[] chain = [Stage.LowRank, Stage.Gptq, Stage.Clip, Stage.Measure];
        foreach (Stage stage in chain.SkipWhile(stage => stage != first))
        {
            if (stage != Stage.Clip)
                context.Runner.Unknown(stage, expert.Name, layer.Name);
            else if (layer.Recipe.Precision == Precision.W4A4)
            {
                foreach (TimestepBin bin in expert.Bins)
                    context.Runner.Unknown(stage, expert.Name, ClipStage.NameOf(layer, bin));
            }
        }
        return null;
    }
}
