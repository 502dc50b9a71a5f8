using System.Collections.Immutable;
using System.Globalization;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Gating;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Manifests.Editing;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Suggestions;

/// <summary>Measures, chooses, checks by a build, and writes.</summary>
internal static class SuggestSession
{
    private const int Attempts = 8;
    private const int Slack = 64;

    /// <summary>Makes a suggestion.</summary>
    /// <param name="session">The open manifest.</param>
    /// <param name="goal">What is asked for.</param>
    /// <param name="apply">Whether to write the overrides into the manifest.</param>
    /// <param name="observer">Follows the work.</param>
    /// <exception cref="DiagnosticException">
    /// Nothing reaches the goal (QB3330), or the manifest was not built and nothing may be executed (QB3320).
    /// </exception>
    public static SuggestionReport Run(CompileSession session, SuggestionGoal goal, bool apply, IBuildObserver observer)
    {
        BuiltModel built = goal.CachedOnly ? GateSession.Built(session) : ModelBuild.Run(session.Context, session.Sources, observer)!;
        long bytes = ArtifactDescription.BytesOf(built.Experts);
        Candidates candidates = Candidates.Measure(session, built, goal, observer);
        if (goal.KeepsSize)
            goal = goal with { MaxBytes = bytes };
        long reserve = 0;
        for (int attempt = 1; ; attempt++)
        {
            ImmutableArray<int> choice = Choose(session, candidates, goal, bytes, reserve);
            SuggestionReport report = Describe(session, candidates, choice, bytes);
            if (report.Changes.Count == 0)
                return report with { Built = report.Now };
            byte[] patched = Patch(session.Plan.Manifest, report, goal);
            Plan plan = Resolve(session, patched);
            if (!goal.CachedOnly)
            {
                report = report with { Built = Build(session, plan, observer) };
                // Headers of files are not part of the prediction: what they take is set aside, more amply every time, and the choice is
                // made again.
                if (report.Built.Bytes > goal.MaxBytes && attempt < Attempts)
                {
                    reserve = report.Built.Bytes - report.Predicted.Bytes + (Slack * attempt);
                    continue;
                }
            }
            if (apply)
                ManifestFile.Replace(session.Plan.Manifest, patched);
            return report with { Applied = apply };
        }
    }

    private static ImmutableArray<int> Choose(CompileSession session, Candidates candidates, SuggestionGoal goal, long bytes, long reserve)
    {
        long others = bytes - candidates.Layers.Sum(layer => layer.Options[0].Bytes);
        long work = Math.Max((long)(goal.Share16Bit * candidates.TotalWork) - candidates.PinnedWork,
            candidates.Layers.Sum(layer => layer.Options[0].Work));
        var budget = new Budget(goal.MaxBytes - others - reserve, (goal.TargetError * candidates.Count) - candidates.PinnedError, work);
        if (OptionChoice.Of(candidates.Layers, budget) is { } choice)
            return choice;
        double best = OptionChoice.Of(candidates.Layers, budget with { Bytes = long.MaxValue / 4, Error = null })!.Value
            .Select((option, i) => candidates.Layers[i].Options[option].Error).Sum() + candidates.PinnedError;
        (string wanted, string nearest) = goal.MaxBytes is { } most
            ? ($"fits into {ByteText.Of(most)}",
                $"the smallest takes {ByteText.Of(others + candidates.Layers.Sum(layer => layer.Options.Min(option => option.Bytes)))}")
            : (string.Create(CultureInfo.InvariantCulture, $"reaches a mean error of {goal.TargetError}"),
                string.Create(CultureInfo.InvariantCulture, $"the best reaches {best / candidates.Count:0.0000}"));
        throw new DiagnosticException(Descriptors.SuggestionImpossible.At(new SourceSpan(session.Plan.Manifest.Path), wanted, nearest));
    }

    private static SuggestionReport Describe(CompileSession session, Candidates candidates, ImmutableArray<int> choice, long bytes)
    {
        SuggestedChange[] all =
            [.. candidates.Layers.Select((layer, i) =>
                new SuggestedChange(layer.Expert, layer.Layer, layer.Options[0], layer.Options[choice[i]]))];
        SuggestedChange[] changes =
            [.. all.Where(change => change.Now != change.Then).OrderByDescending(change => change.Now.Error - change.Then.Error)
            .ThenBy(change => change.Expert, StringComparer.Ordinal).ThenBy(change => change.Layer, StringComparer.Ordinal)];
        SuggestionReport.Effect Effect(Func<SuggestedChange, LayerOption> option) => new(
            (all.Sum(change => option(change).Error) + candidates.PinnedError) / candidates.Count,
            bytes + all.Sum(change => option(change).Bytes - change.Now.Bytes),
            (double)(all.Sum(change => option(change).Work) + candidates.PinnedWork) / candidates.TotalWork);
        return new SuggestionReport(session.Plan.Manifest.Path, changes,
            OverrideLines.Of(changes, session.Plan.Experts.ToDictionary(expert => expert.Name, expert => expert.Config.NumLayers)),
            [.. candidates.Layers.Zip(all).GroupBy(pair => ModuleOf(pair.First.Layer)).Select(Module)
                .OrderByDescending(module => module.Gain)],
            Effect(change => change.Now), Effect(change => change.Then), null, candidates.Pinned, Applied: false);
    }

    private static SuggestionReport.Module Module(IGrouping<string, (LayerOptions Options, SuggestedChange Change)> group) => new(group.Key,
        group.Average(pair => pair.Change.Now.Error), group.Average(pair => GainPerMebibyte(pair.Options)), group.Count(),
        group.Count(pair => pair.Change.Now != pair.Change.Then), group.Sum(pair => pair.Change.Then.Bytes - pair.Change.Now.Bytes));

    private static double GainPerMebibyte(LayerOptions layer) => layer.Options.Where(option => option.Bytes > layer.Options[0].Bytes)
        .Select(option => (layer.Options[0].Error - option.Error) / ((option.Bytes - layer.Options[0].Bytes) / (double)(1 << 20)))
        .DefaultIfEmpty().Max();

    private static string ModuleOf(string layer) => layer[(layer.IndexOf('.', "blocks.".Length) + 1)..];

    private static byte[] Patch(QuantManifest manifest, SuggestionReport report, SuggestionGoal goal)
    {
        string wanted = goal.MaxBytes is { } most
            ? FormattableString.Invariant($"at most {most} bytes")
            : FormattableString.Invariant($"a mean layer error of {goal.TargetError}");
        var editor = new ManifestEditor(manifest.Path, ManifestFile.Read(manifest));
        editor.Append("overrides", report.Overrides, FormattableString.Invariant(
            $"By quantbuild suggest, for {wanted}: mean layer error {report.Now.MeanError:0.0000} -> {report.Predicted.MeanError:0.0000}"));
        return editor.ToText();
    }

    private static Plan Resolve(CompileSession session, byte[] manifest)
    {
        Plan plan = session.Plan;
        ManifestReadResult read = ManifestReader.ReadText(plan.Manifest.Path, manifest);
        if (read.Manifest is null)
            throw new DiagnosticException(read.Diagnostics);
        // Overrides change nothing about the model, whose LoRA files are on this machine already.
        PlanResult planned = Planner.Resolve(read.Manifest with { Model = plan.Manifest.Model }, plan.Location,
            backends: SessionBackends.Of(session.Options));
        return planned.Plan
            ?? throw new DiagnosticException(
                [.. planned.Diagnostics.Where(diagnostic => diagnostic.Descriptor.Severity == Severity.Error)]);
    }

    private static SuggestionReport.Effect Build(CompileSession session, Plan plan, IBuildObserver observer)
    {
        BuildContext context = session.Context with { Plan = plan };
        IReadOnlyList<ExpertSource> sources = [.. session.Sources.Zip(plan.Experts, (source, expert) => source.For(expert))];
        BuiltModel built = ModelBuild.Run(context, sources, new WithoutWarnings(observer))
            ?? throw new InvalidOperationException("an executing build left actions out");
        LayerPlan[] layers = [.. plan.Experts.SelectMany(expert => expert.Layers)];
        return new SuggestionReport.Effect(LayerQualities.Of(built.Experts).Sum(layer => layer.Recipe) / layers.Length,
            ArtifactDescription.BytesOf(built.Experts),
                (double)layers.Sum(Candidates.WorkOf) / layers.Sum(layer => (long)layer.OutFeatures * layer.InFeatures));
    }
}
