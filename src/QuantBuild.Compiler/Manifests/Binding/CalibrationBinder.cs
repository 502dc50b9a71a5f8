using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;
using QuantBuild.Models.Wan;
using QuantBuild.Sampling;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The section <c>calibration</c>.</summary>
/// <param name="file">Absolute path of the manifest.</param>
/// <param name="architecture">What the model is, which gives the shift.</param>
/// <param name="values">Receives what is wrong.</param>
internal sealed class CalibrationBinder(string file, WanArchitecture architecture, ValueBinder values)
{
    private static readonly Interval Shift = new(0, 100, AboveMin: true);
    private static readonly Interval Guidance = new(0, 100);
    private const int MostLatent = 1 << 16;

    /// <summary>The section with its defaults: the schedule of the paper, 64 tokens per step, seed 42.</summary>
    public CalibrationSection Bind(ObjectBinder manifest)
    {
        if (values.Object(manifest.Require("calibration"), "calibration", ManifestKeys.Calibration) is not { } section)
            return new CalibrationSection("", 12, SolverKind.UniPc, 40, architecture.Shift, 1, 1, 64, 42, manifest.Span);
        string? recordings = section.Has("activations")
            ? PathBinder.Absolute(section.Find("activations"), section.PathOf("activations"), file, values)
            : null;
        string? data = section.Has("activations") && !section.Has("data")
            ? null
            : PathBinder.Absolute(section.Require("data"), section.PathOf("data"), file, values);
        if (data is not null && !data.EndsWith(".jsonl", StringComparison.Ordinal))
        {
            values.Report(Descriptors.InvalidText, section.SpanOf("data"), section.PathOf("data"),
                ((ManifestText)section.Find("data")!).Value,
                "calibration sets are .jsonl files with a .safetensors file of the same name beside them");
        }
        (double high, double low) = GuidanceOf(section);
        SolverKind solver = section.Choice("solver", RecipeNames.Solver) ?? SolverKind.UniPc;
        ImmutableArray<int> timesteps = TimestepsOf(section, solver);
        int steps = timesteps.Length > 0 ? timesteps.Length : section.Integer("steps", 1, 1000) ?? 40;
        double shift = section.Number("shift", Shift) ?? architecture.Shift;
        return new CalibrationSection(
            data ?? "",
            section.Integer("samples", 1, 10_000) ?? 12,
            solver,
            steps,
            shift,
            high,
            low,
            section.Integer("tokensPerStep", 1, 1_000_000) ?? 64,
            values.Unsigned(section.Find("seed"), section.PathOf("seed")) ?? 42,
            section.SpanOf("data"))
        {
            Timesteps = timesteps,
            BoundaryTimestep = BoundaryOf(section, timesteps, steps, shift),
            Latent = LatentOf(section),
            Activations = recordings is null ? null : new ActivationsSection(recordings, section.SpanOf("activations")),
        };
    }

    /// <summary>Half way between the last step of the high-noise expert and the first of the other one.</summary>
    private int? BoundaryOf(ObjectBinder section, ImmutableArray<int> timesteps, int steps, double shift)
    {
        const string Key = "highNoiseSteps";
        if (section.Integer(Key, 1, 999) is not { } count)
            return null;
        if (count >= steps)
        {
            values.Report(Descriptors.OutOfRange, section.SpanOf(Key), section.PathOf(Key), count,
                FormattableString.Invariant($"less than the number of steps, {steps}: the low-noise expert has the rest"));
            return null;
        }
        IReadOnlyList<int> schedule = timesteps.Length > 0 ? timesteps : FlowSchedule.Create(steps, shift).Timesteps;
        (int last, int next) = (schedule[count - 1], schedule[count]);
        if (next < last)
            return (last + next + 1) / 2;
        values.Report(Descriptors.OutOfRange, section.SpanOf(Key), section.PathOf(Key), count,
            FormattableString.Invariant($"another number: steps {count} and {count + 1} are both at timestep {last}"));
        return null;
    }

    private ImmutableArray<int> TimestepsOf(ObjectBinder section, SolverKind solver)
    {
        if (values.Items(section.Find("timesteps"), section.PathOf("timesteps")) is not { } items)
            return [];
        foreach (string other in ((string[])["steps", "shift"]).Where(section.Has))
            values.Report(Descriptors.ScheduleTwice, section.NameSpanOf(other), section.PathOf(other));
        var timesteps = ImmutableArray.CreateBuilder<int>();
        foreach (ManifestNode item in items)
        {
            if (values.Integer(item, section.PathOf("timesteps"), 1, ModelSection.MaxTimestep) is not { } timestep)
                return [];
            if (timesteps.Count > 0 && timestep >= timesteps[^1])
                values.Report(Descriptors.OutOfRange, item.Span, section.PathOf("timesteps"), timestep,
                    FormattableString.Invariant($"below {timesteps[^1]}: timesteps fall"));
            else
                timesteps.Add(timestep);
        }
        if (timesteps.Count > 0 && timesteps[0] == ModelSection.MaxTimestep && solver == SolverKind.UniPc)
            values.Report(Descriptors.OutOfRange, items[0].Span, section.PathOf("timesteps"), timesteps[0],
                "at most 999 with the solver unipc; euler and lcm begin at 1000");
        return timesteps.ToImmutable();
    }

    private LatentSection? LatentOf(ObjectBinder section)
    {
        if (!section.Has("latent") || section.Object("latent", ManifestKeys.Latent) is not { } latent)
            return null;
        return new LatentSection(latent.Integer("frames", 1, MostLatent), Even("height"), Even("width"));

        int? Even(string key)
        {
            int? size = latent.Integer(key, 2, MostLatent);
            if (size is null || size % 2 == 0)
                return size;
            values.Report(Descriptors.OddLatent, latent.SpanOf(key), latent.PathOf(key), size);
            return null;
        }
    }

    private (double High, double Low) GuidanceOf(ObjectBinder section)
    {
        string path = section.PathOf("guidance");
        switch (section.Find("guidance"))
        {
            case ManifestObject both:
                ObjectBinder parts = values.Object(both, path, ManifestKeys.Guidance)!;
                return (parts.Number(ExpertNames.HighNoise, Guidance) ?? 1, parts.Number(ExpertNames.LowNoise, Guidance) ?? 1);
            case ManifestNumber one:
                double scale = values.Number(one, path, Guidance) ?? 1;
                return (scale, scale);
            case { } other:
                values.Report(Descriptors.WrongType, other.Span, path, "a number, or an object with one number per expert", other.Kind);
                break;
        }
        return (1, 1);
    }
}
