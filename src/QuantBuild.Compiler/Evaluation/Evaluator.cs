using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>Builds every method of the ladder and runs the evaluation set through each; everything goes through the store.</summary>
internal static class Evaluator
{
    /// <summary>Runs the evaluation.</summary>
    /// <param name="session">The open manifest.</param>
    /// <param name="options">What is asked for.</param>
    /// <param name="observer">Follows the work.</param>
    public static EvaluationReport Run(CompileSession session, EvaluationOptions options, IBuildObserver observer)
    {
        SampleSet lines = SampleSet.Read(options.Data, options.Samples, origin: null, session.Plan.Manifest.Model.Architecture);
        CalibrationSet set = SampleLoading.Load(session.Context, lines, session.Plan.Experts[0].Config, needNull: true, origin: null,
            observer)
            ?? throw new InvalidOperationException("an executing build left samples out");
        ClipDecoder? decoder = ClipDecoder.IsPossible(session.Plan.Location.Folder)
            ? new ClipDecoder(session.Context, lines, set, options.Clips)
            : null;
        using HeldOutErrors? heldOut = options.HeldOutTokens is { } tokens
            ? new HeldOutErrors(session, options.Data, set.Samples.Count, tokens, observer)
            : null;
        EvaluateStage.Result[][] references;
        // Its experts are gone before those of an artifact come, which are as large on some devices.
        using (var full = new FullPrecisionModel(session.Sources, session.Context))
            references = Sample(session, set, "full", full, options.Repeats, observer);
        float[][][] reference = Read(session, references);
        var rows = new List<EvaluationReport.Row>
        {
            new("full", LayerMeans.None(session.Plan), heldOut is null ? null : LayerMeans.None(session.Plan), LatentErrors.None,
                session.Sources.Sum(source => source.Checkpoint.Tensors.Values.Sum(tensor => tensor.ByteLength)),
                decoder?.Measure("full", references[0], observer)),
        };
        var report = new EvaluationReport(rows, set.Samples.Count) { Repeats = options.Repeats };
        foreach ((string method, Func<Plan, Plan> derive) in MethodLadder.For(session.Plan))
        {
            Plan plan = derive(session.Plan).InNativeLayout();
            BuildContext context = session.Context with { Plan = plan };
            IReadOnlyList<ExpertSource> sources = [.. session.Sources.Zip(plan.Experts, (source, expert) => source.For(expert))];
            IReadOnlyList<BuiltExpert> experts = ModelBuild.Run(context, sources, observer)?.Experts
                ?? throw new InvalidOperationException("an executing build left actions out");
            IReadOnlyList<LayerQuality> calibrated = LayerQualities.Of(experts);
            IReadOnlyList<LayerQuality>? unseen = heldOut?.Of(method, experts, observer);
            byte[] descriptor = ArtifactDescription.Describe(context, experts).ToJson();
            using var model = new QuantizedModel(session.Context, experts, descriptor);
            EvaluateStage.Result[][] latents = Sample(session, set, method, model, options.Repeats, observer);
            rows.Add(new EvaluationReport.Row(method, LayerMeans.Of(plan, calibrated), unseen is null ? null : LayerMeans.Of(plan, unseen),
                LatentErrors.Of(reference, Read(session, latents)), ArtifactDescription.BytesOf(experts),
                decoder?.Measure(method, latents[0], observer)));
            if (method == EvaluationReport.Ours)
                report = report with { Layers = Layers(experts, calibrated, unseen, heldOut, observer), Hints = Hints(experts) };
        }
        return report;
    }

    /// <summary>The recipe's own layers one by one.</summary>
    private static IReadOnlyList<HeldOutLayer> Layers(IReadOnlyList<BuiltExpert> experts, IReadOnlyList<LayerQuality> calibrated,
        IReadOnlyList<LayerQuality>? unseen, HeldOutErrors? heldOut, IBuildObserver observer)
    {
        if (heldOut is null || unseen is null)
            return [];
        int[] ranks = [.. experts.SelectMany(expert => expert.Layers).Where(layer => layer.Weights is not null)
            .Select(layer => layer.Plan.Recipe.LowRank.Rank)];
        return [.. calibrated.Zip(unseen, heldOut.Spectra(EvaluationReport.Ours, experts, observer))
            .Select((layer, i) => new HeldOutLayer(layer.First.Expert,
            layer.First.Layer, ranks[i], layer.First.Recipe, layer.Second.Recipe, layer.Third))];
    }

    private static IReadOnlyList<string> Hints(IReadOnlyList<BuiltExpert> experts) => SearchHints.Of(experts
        .SelectMany(expert => expert.Layers).SelectMany(layer => SearchHints.Of(layer.Plan, layer.Weights?.Outcome,
            layer.Clips.Select(clip => clip.Value))));

    private static float[][][] Read(CompileSession session, EvaluateStage.Result[][] latents) =>
        [.. latents.Select(repeat => repeat.Select(latent => EvaluateStage.ReadLatent(session.Stores.Blobs, latent)).ToArray())];

    /// <summary>Final latents as stored, by repetition and sample.</summary>
    private static EvaluateStage.Result[][] Sample(CompileSession session, CalibrationSet set, string method, IEvaluatedModel model,
        int repeats, IBuildObserver observer)
    {
        observer.PhaseStarted($"Evaluate {method}", set.Samples.Count * repeats);
        EvaluateStage.Result[][] latents = [.. Enumerable.Range(0, repeats).Select(_ => new EvaluateStage.Result[set.Samples.Count])];
        WorkQueue.Run(session.Context.Budget, Enumerable.Range(0, repeats).SelectMany(repeat => set.Samples.Select((sample, i) =>
            new WorkItem(EvaluateStage.NameOf(method, sample.Id, repeat), sample.Shape.Volume, _ => latents[repeat][i] =
                BuildStages.Evaluate.Run(session.Context, new EvaluateSubject(session.Plan, method, sample, repeat), set,
                    model.Inputs, model.Open)))), session.Context.Cancellation);
        return latents;
    }
}
