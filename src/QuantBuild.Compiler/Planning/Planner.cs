using System.Collections.Immutable;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Sources;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.Sampling;

namespace QuantBuild.Compiler.Planning;

/// <summary>Resolves a manifest against its checkpoint. Reads headers only, and reports everything that is wrong at once.</summary>
internal static class Planner
{
    private const int MostProblems = 500;

    /// <summary>Makes the plan.</summary>
    /// <param name="manifest">A manifest without errors.</param>
    /// <param name="location">Where its checkpoint is; null for the folder that it names.</param>
    /// <param name="requireCalibration">Whether a calibration set that is not there is an error.</param>
    /// <param name="backends">What is installed; null for what the environment says.</param>
    public static PlanResult Resolve(QuantManifest manifest, CheckpointLocation? location = null, bool requireCalibration = true,
        BackendRegistry? backends = null)
    {
        location ??= new CheckpointLocation(manifest.Model.Source);
        var problems = new List<Diagnostic>();
        ImmutableArray<ExpertCheckpoint?> sources = Sources(manifest, location, problems);
        bool isOther = CheckArchitecture(manifest.Model, sources, problems);
        bool fromPictures = manifest.Calibration.Activations is null && SampleFiles.IsFromPictures(manifest.Calibration.Data);
        if (requireCalibration && !isOther)
            CheckCalibration(manifest, location, fromPictures, problems);
        LayoutChecks.CheckOutput(manifest.Output, problems);
        Backends found = ComputeChecks.Resolve(manifest.Compute, backends ?? BackendRegistry.Default, problems);

        FlowSchedule schedule = manifest.Calibration.Timesteps.IsEmpty
            ? FlowSchedule.Create(manifest.Calibration.Steps, manifest.Calibration.Shift)
            : FlowSchedule.Of(manifest.Calibration.Timesteps);
        var calibration = new CalibrationPlan([.. schedule.Timesteps], manifest.Model.BoundaryTimestep, fromPictures);
        var resolver = new RecipeResolver(manifest);
        ImmutableArray<ExpertPlan> experts = [.. manifest.Experts.Zip(sources, (expert, source) => source is null
            ? null
            : ExpertPlanner.Resolve(manifest, expert, source, calibration, resolver, problems)).OfType<ExpertPlan>()];

        // Without both experts a pattern for the other one would seem to match nothing.
        if (experts.Length == manifest.Experts.Length)
        {
            experts = RankStart.Of(experts, manifest, problems);
            problems.AddRange(FirstOf(resolver.Use.Problems()));
            problems.AddRange(FirstOf(GateChecks.Problems(manifest.Gates, experts)));
        }

        ImmutableArray<Diagnostic> all = [.. problems];
        return new PlanResult(
            all.Any(problem => problem.Descriptor.Severity == Severity.Error)
                ? null
                : new Plan(manifest, calibration, experts, location, all) { Backends = found },
            all);
    }

    /// <summary>Problems that every line of a manifest can have; only the first few are reported.</summary>
    private static IEnumerable<Diagnostic> FirstOf(IEnumerable<Diagnostic> problems)
    {
        int count = 0;
        foreach (Diagnostic problem in problems)
        {
            if (count++ == MostProblems)
            {
                yield return Descriptors.ManifestProblemsOmitted.At(problem.Span, MostProblems);
                yield break;
            }
            yield return problem;
        }
    }

    private static ImmutableArray<ExpertCheckpoint?> Sources(QuantManifest manifest, CheckpointLocation location, List<Diagnostic> problems)
    {
        string source = location.Folder;
        if (!Directory.Exists(source))
        {
            problems.Add(Descriptors.SourceNotFound.At(manifest.Model.Span, source));
            return [.. manifest.Experts.Select(_ => (ExpertCheckpoint?)null)];
        }
        if (SingleModel.NameIn(source) is { } single && manifest.Experts.Any(expert => !Exists(source, expert)))
        {
            problems.Add(Descriptors.OtherModel.At(manifest.Model.Span, "the checkpoint", single));
            return [.. manifest.Experts.Select(_ => (ExpertCheckpoint?)null)];
        }
        if (manifest.Calibration.BoundaryTimestep is null)
            CheckBoundary(manifest.Model, source, problems);
        ImmutableArray<ExpertCheckpoint?> sources =
            [.. manifest.Experts.Select(expert => ExpertCheckpointReader.Read(location, expert, manifest.Model.Loras, problems))];
        if (sources is [{ } high, { } low])
        {
            Compare("in_dim", config => config.InDim);
            Compare("out_dim", config => config.OutDim);
            Compare("text_len", config => config.TextLen);
            Compare("text_dim", config => config.TextDim);

            void Compare(string field, Func<WanConfig, int> get)
            {
                if (get(high.Config) != get(low.Config))
                {
                    problems.Add(Descriptors.ExpertsDisagree.At(manifest.Model.Span, field,
                        ExpertNames.HighNoise, get(high.Config), ExpertNames.LowNoise, get(low.Config)));
                }
            }
        }
        return sources;
    }

    private static bool Exists(string source, ExpertSection expert) =>
        Path.Exists(Path.GetFullPath(expert.Weights ?? ExpertFolders.In(source, expert.Name), source));

    /// <summary>Whether the checkpoint is another model than the manifest says, which is reported.</summary>
    private static bool CheckArchitecture(ModelSection model, ImmutableArray<ExpertCheckpoint?> sources, List<Diagnostic> problems)
    {
        if (sources.OfType<ExpertCheckpoint>().Select(source => WanArchitecture.Of(source.Config))
            .FirstOrDefault(architecture => architecture != model.Architecture) is not { } found)
            return false;
        problems.Add(Descriptors.ArchitectureDiffers.At(model.ArchitectureSpan, found.Makes, model.Architecture.Name));
        return true;
    }

    private static void CheckBoundary(ModelSection model, string source, List<Diagnostic> problems)
    {
        try
        {
            if (PipelineIndex.BoundaryOf(source) is { } boundary && boundary != model.Boundary)
                problems.Add(Descriptors.BoundaryDiffers.At(model.Span, boundary, model.Boundary));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            problems.Add(Descriptors.SourceUnreadable.At(new SourceSpan(Path.Combine(source, PipelineIndex.FileName)), error.Message));
        }
    }

    private static void CheckCalibration(QuantManifest manifest, CheckpointLocation location, bool fromPictures, List<Diagnostic> problems)
    {
        CalibrationSection calibration = manifest.Calibration;
        // Recordings are looked at when they are opened: that needs the store.
        if (calibration.Activations is not null)
            return;
        if (!fromPictures)
        {
            foreach (string file in (string[])[calibration.Data, SampleFiles.TensorsOf(calibration.Data)])
            {
                if (!File.Exists(file))
                    problems.Add(Descriptors.CalibrationNotFound.At(calibration.Span, file));
            }
            return;
        }
        try
        {
            SampleSet.Of(manifest);
        }
        catch (DiagnosticException failure)
        {
            problems.AddRange(failure.Diagnostics);
        }
        try
        {
            if (Directory.Exists(location.Folder) && location.ComingPickles.IsEmpty)
                WanEncoders.Require(location.Folder);
        }
        catch (InvalidDataException failure)
        {
            problems.Add(Descriptors.EncodersUnusable.At(manifest.Model.Span, failure.Message));
        }
    }
}
