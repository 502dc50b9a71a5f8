using System.Collections.Immutable;
using System.Text;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>The last evaluation of a manifest on this machine, kept in the store for its report page. No result depends on it.</summary>
internal static class EvaluationHistory
{
    /// <summary>Remembers an evaluation.</summary>
    /// <param name="store">The store.</param>
    /// <param name="plan">What was evaluated.</param>
    /// <param name="report">What was found.</param>
    /// <param name="actions">The evaluation's actions, for the time that samples took.</param>
    public static void Save(ContentStore store, Plan plan, EvaluationReport report, IReadOnlyList<ActionEvent> actions)
    {
        try
        {
            AtomicFile.Write(PathOf(store, plan), store.NewTemporary(), CanonicalJson.Serialize(new RememberedEvaluation(
                PlanDigest.Of(plan), report.Samples, [.. report.Rows.Select(row => Row(row, actions))])
            {
                Repeats = report.Repeats,
                Layers = [.. report.Layers.Select(layer => new RememberedEvaluation.Layer(layer.Expert, layer.Layer, layer.HeldOut,
                    layer.Spectrum))],
            }.ToJson()));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            // The answer is printed all the same; only the report page will not show it.
        }
    }

    /// <summary>The remembered evaluation; null when there is none or it cannot be read.</summary>
    public static RememberedEvaluation? Load(ContentStore store, Plan plan)
    {
        try
        {
            return AtomicFile.TryRead(PathOf(store, plan)) is { } bytes ? Parse(bytes) : null;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return null;
        }
    }

    /// <summary>Reads a remembered evaluation; null when it is damaged.</summary>
    internal static RememberedEvaluation? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return RememberedEvaluation.FromJson(CheckedNodes.Parse(json));
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Error of the final latents of the plan's own recipe by the last evaluation; null when that was of something else, or of nothing.
    /// </summary>
    public static double? FinalLatentError(ContentStore store, Plan plan) =>
        Load(store, plan) is { } found && found.Plan == PlanDigest.Of(plan)
            ? found.Rows.FirstOrDefault(row => row.Method == EvaluationReport.Ours)?.LatentError
            : null;

    private static RememberedEvaluation.Row Row(EvaluationReport.Row row, IReadOnlyList<ActionEvent> actions)
    {
        double[] seconds =
            [.. actions.Where(action => action.Stage == BuildStages.Evaluate.Name
                && action.Name.StartsWith(row.Method + " sample", StringComparison.Ordinal))
            .Select(action => action.Seconds)];
        return new RememberedEvaluation.Row(row.Method, row.Calibrated.All,
            row.Calibrated.ByExpert.ToImmutableSortedDictionary(StringComparer.Ordinal), row.Latent.Error, row.Latent.Cosine,
            row.Video?.Psnr, row.Video?.Ssim, row.ArtifactBytes, seconds.Length > 0 ? Math.Round(seconds.Average(), 3) : null)
        {
            HeldOut = row.HeldOut?.All,
            LatentSpread = row.Latent.Spread,
        };
    }

    private static string PathOf(ContentStore store, Plan plan) =>
        Path.Combine(store.Root, "builds", Digest.Of(Encoding.UTF8.GetBytes(Path.GetFullPath(plan.Manifest.Path))) + ".evaluation.json");
}
