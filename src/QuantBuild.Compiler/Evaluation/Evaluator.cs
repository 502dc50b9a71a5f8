using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
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
    /// <param name="data">The evaluation set.</param>
    /// <param name="samples">Samples to use; null for all.</param>
    /// <param name="clips">Given every decoded video; may be null.</param>
    /// <param name="observer">Follows the work.</param>
    public static EvaluationReport Run(CompileSession session, string data, int? samples, Action<EvaluatedClip>? clips,
        IBuildObserver observer)
    {
        SampleSet lines = SampleSet.Read(data, samples, origin: null);
        CalibrationSet set = SampleLoading.Load(session.Context, lines, session.Plan.Experts[0].Config, needNull: true, origin: null,
            observer)
            ?? throw new InvalidOperationException("an executing build left samples out");
        ClipDecoder? decoder = ClipDecoder.IsPossible(session.Plan.Location.Folder)
            ? new ClipDecoder(session.Context, lines, set, clips)
            : null;
        using var full = new FullPrecisionModel(session.Sources, session.Context);
        EvaluateStage.Result[] references = Sample(session, set, "full", full, observer);
        float[][] reference = [.. references.Select(latent => EvaluateStage.ReadLatent(session.Stores.Blobs, latent))];
        var rows = new List<EvaluationReport.Row>
        {
            new("full", 0, session.Plan.Experts.ToDictionary(expert => expert.Name, _ => 0.0), 0, 1,
                session.Sources.Sum(source => source.Checkpoint.Tensors.Values.Sum(tensor => tensor.ByteLength)),
                decoder?.Measure("full", references, observer)),
        };
        foreach ((string method, Func<Plan, Plan> derive) in MethodLadder.Methods)
        {
            Plan plan = derive(session.Plan).InNativeLayout();
            BuildContext context = session.Context with { Plan = plan };
            IReadOnlyList<ExpertSource> sources = [.. session.Sources.Zip(plan.Experts, (source, expert) => source.For(expert))];
            IReadOnlyList<BuiltExpert> experts = ModelBuild.Run(context, sources, observer)?.Experts
                ?? throw new InvalidOperationException("an executing build left actions out");
            byte[] descriptor = ArtifactDescription.Describe(context, experts).ToJson();
            using var model = new QuantizedModel(session.Context, experts, descriptor);
            EvaluateStage.Result[] latents = Sample(session, set, method, model, observer);
            rows.Add(Row(method, plan, LayerQualities.Of(experts), reference,
                [.. latents.Select(latent => EvaluateStage.ReadLatent(session.Stores.Blobs, latent))],
                ArtifactDescription.BytesOf(experts), decoder?.Measure(method, latents, observer)));
        }
        return new EvaluationReport(rows, set.Samples.Count);
    }

    private static EvaluationReport.Row Row(string method, Plan plan, IReadOnlyList<LayerQuality> qualities, float[][] reference,
        float[][] latents, long bytes,
        VideoQuality? video)
    {
        Dictionary<string, double> byExpert = plan.Experts.ToDictionary(expert => expert.Name,
            expert => qualities.Where(layer => layer.Expert == expert.Name).Sum(layer => layer.Recipe) / expert.Layers.Length,
            StringComparer.Ordinal);
        double mean = qualities.Sum(layer => layer.Recipe) / plan.Experts.Sum(expert => expert.Layers.Length);
        ErrorSums[] sums = [.. reference.Zip(latents, Compare)];
        return new EvaluationReport.Row(method, mean, byExpert, sums.Average(sum => sum.RelativeError), sums.Average(sum => sum.Cosine),
            bytes, video);
    }

    private static ErrorSums Compare(float[] expected, float[] actual) => new(
        FixedSums.SquaredNorm(expected), FixedSums.SquaredDistance(expected, actual), FixedSums.Dot(expected, actual),
            FixedSums.SquaredNorm(actual));

    /// <summary>Final latents of all samples, as stored.</summary>
    private static EvaluateStage.Result[] Sample(CompileSession session, CalibrationSet set, string method, IEvaluatedModel model,
        IBuildObserver observer)
    {
        observer.PhaseStarted($"Evaluate {method}", set.Samples.Count);
        var latents = new EvaluateStage.Result[set.Samples.Count];
        WorkQueue.Run(session.Context.Budget,
            set.Samples.Select((sample, i) => new WorkItem(FormattableString.Invariant($"sample {sample.Id:000}"), sample.Shape.Volume,
            _ => latents[i] = BuildStages.Evaluate.Run(session.Context, new EvaluateSubject(session.Plan, method, sample), set,
                model.Inputs, model.Open))), session.Context.Cancellation);
        return latents;
    }
}
