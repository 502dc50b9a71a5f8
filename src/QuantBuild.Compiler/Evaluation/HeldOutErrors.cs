using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>
/// Errors of built layers, each alone, on tokens that no build has seen: what the evaluation samples show the full-precision model, sampled
/// as <c>eval</c> samples. They are measured as a build measures calibration tokens, by the Measure stage.
/// </summary>
internal sealed class HeldOutErrors : IDisposable
{
    /// <summary>Tokens per step and sample, unless others are asked for.</summary>
    public const int DefaultTokens = 32;

    private readonly BuildContext _context;
    private readonly Recordings _recordings;

    /// <summary>Records the evaluation samples of a model, or takes what the store has of them.</summary>
    /// <param name="session">A manifest of the model.</param>
    /// <param name="data">The evaluation set.</param>
    /// <param name="samples">Samples to use, from the start.</param>
    /// <param name="tokens">Tokens per step and sample.</param>
    /// <param name="observer">Follows the work.</param>
    public HeldOutErrors(CompileSession session, string data, int samples, int tokens, IBuildObserver observer)
    {
        CalibrationSection section = session.Plan.Manifest.Calibration;
        (double high, double low) = EvaluateStage.GuidanceOf(session.Plan);
        Plan plan = session.Plan with
        {
            Manifest = session.Plan.Manifest with
            {
                Calibration = section with
                {
                    Data = data,
                    Samples = samples,
                    GuidanceHigh = high,
                    GuidanceLow = low,
                    TokensPerStep = tokens,
                    Latent = null,
                    Activations = null,
                },
            },
        };
        _context = session.Context with { Plan = plan };
        _recordings = ModelBuild.Calibrate(_context, session.Sources, observer);
    }

    /// <summary>Errors of all quantized layers, in plan order.</summary>
    /// <param name="method">What built them, for the observer.</param>
    /// <param name="experts">Built experts.</param>
    /// <param name="observer">Follows the work.</param>
    public IReadOnlyList<LayerQuality> Of(string method, IReadOnlyList<BuiltExpert> experts, IBuildObserver observer)
    {
        observer.PhaseStarted($"Measure {method}", QuantizedLayers(experts));
        return ForEach(experts, (expert, work) =>
        {
            BuildStages.Measure.Run(work);
            return LayerQualities.Of(work.Errors!.Value, expert, work.Layer.Name);
        });
    }

    /// <summary>Spectra of all quantized layers, in plan order.</summary>
    /// <param name="method">What built them, for the observer.</param>
    /// <param name="experts">Built experts.</param>
    /// <param name="observer">Follows the work.</param>
    public IReadOnlyList<WeightSpectrum> Spectra(string method, IReadOnlyList<BuiltExpert> experts, IBuildObserver observer)
    {
        observer.PhaseStarted($"Spectra of {method}", QuantizedLayers(experts));
        return ForEach(experts, (_, work) =>
        {
            BuildStages.Spectrum.Run(work);
            return work.Spectrum!.Value.Spectrum;
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _recordings.Dispose();

    private static int QuantizedLayers(IReadOnlyList<BuiltExpert> experts) =>
        experts.Sum(expert => expert.Layers.Count(layer => layer.Weights is not null));

    private T[] ForEach<T>(IReadOnlyList<BuiltExpert> experts, Func<string, LayerWork, T> ask)
    {
        (BuiltExpert Expert, BuiltLayer Layer)[] layers = [.. experts.SelectMany(expert => expert.Layers
            .Where(layer => layer.Weights is not null).Select(layer => (expert, layer)))];
        var answers = new T[layers.Length];
        WorkQueue.Run(_context.Budget, layers.Select((pair, i) => new WorkItem($"{pair.Expert.Source.Plan.Name} {pair.Layer.Plan.Name}",
            (double)pair.Layer.Plan.OutFeatures * pair.Layer.Plan.InFeatures, _ =>
            {
                using LayerWork work = Work(pair.Expert.Source, pair.Layer);
                answers[i] = ask(pair.Expert.Source.Plan.Name, work);
            })), _context.Cancellation);
        return answers;
    }

    private LayerWork Work(ExpertSource source, BuiltLayer layer)
    {
        LayerPlan plan = layer.Plan;
        var work = new LayerWork(_context, source, plan, layer.Smooth,
            _recordings.BySite![ActivationRecorder.OutputName(source.Plan.Name, plan.Block, plan.Site)])
        {
            ChosenRotation = layer.ChosenRotation,
            LowRank = layer.LowRank,
            Weights = layer.Weights,
        };
        work.Clips.AddRange(layer.Clips);
        return work;
    }
}
