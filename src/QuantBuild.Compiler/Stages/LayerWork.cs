using QuantBuild.Formats;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// A layer on its way through its stages: its data and its arithmetic, which the stages share, and its part of the memory and thread
/// budget, which it takes when the first action has to be executed and makes smaller as it goes on.
/// </summary>
/// <param name="context">The build.</param>
/// <param name="source">The expert.</param>
/// <param name="layer">The layer.</param>
/// <param name="smooth">Its smoothing vector; null for none.</param>
/// <param name="recordings">Its site's recordings, in sample order.</param>
internal sealed class LayerWork(BuildContext context, ExpertSource source, LayerPlan layer, BlobRef? smooth,
    IReadOnlyList<Recording> recordings) : IDisposable
{
    private WorkLease? _lease;
    private LayerTensors? _tensors;
    private SiteActivations? _activations;
    private ILayerCompute? _compute;

    /// <summary>The build.</summary>
    public BuildContext Context => context;

    /// <summary>The expert.</summary>
    public ExpertSource Source => source;

    /// <summary>The layer.</summary>
    public LayerPlan Layer => layer;

    /// <summary>Its smoothing vector; null for none.</summary>
    public BlobRef? Smooth => smooth;

    /// <summary>Whether it is rotated, where that was measured; null otherwise, or when it is not measured yet.</summary>
    public Stored<RotationResult>? ChosenRotation { get; set; }

    /// <summary>What happens to its input after smoothing.</summary>
    public Rotation Rotation => ChosenRotation?.Value.Rotation
        ?? (layer.Recipe is { Precision: Precision.W4A4, Rotation: RotationMode.Hadamard32 } ? Rotation.Hadamard32 : Rotation.None);

    /// <summary>Its low-rank branch; null for none, or when it is not made yet.</summary>
    public LowRankResult? LowRank { get; set; }

    /// <summary>Its rounded residual; null when it is not made yet.</summary>
    public RoundedWeight? Weights { get; set; }

    /// <summary>Its clip settings by bin, as far as they are made.</summary>
    public List<Stored<ClipChoice>> Clips { get; } = [];

    /// <summary>Its errors; null when they are not measured yet.</summary>
    public Stored<LayerErrors>? Errors { get; set; }

    /// <summary>Its errors by rank; null where its rank is given.</summary>
    public Stored<RankCurveResult>? Curve { get; set; }

    /// <summary>Its weight's spectrum; null unless somebody asked for it.</summary>
    public Stored<SpectrumResult>? Spectrum { get; set; }

    /// <summary>Its site's recordings, in sample order.</summary>
    public IReadOnlyList<Recording> Recordings => recordings;

    /// <summary>
    /// The content of its site's recordings. Its stages share what is open: opening hashes every byte, and a stage alone reads but a part
    /// of them.
    /// </summary>
    public SiteActivations Activations => _activations ??= SiteActivations.Open(context.Store, recordings);

    /// <summary>Its steps, as its backend computes them.</summary>
    public ILayerCompute Compute => _compute ??= context.Plan.Backends.Layers.Open(_tensors ??= new LayerTensors(this));

    /// <summary>Threads that its arithmetic may use now.</summary>
    public int Threads => _lease?.Threads ?? 1;

    /// <summary>The result of an action of this layer; null only when nothing is executed and the store does not have it.</summary>
    /// <param name="spec">The action.</param>
    /// <param name="compute">Computes its outputs.</param>
    public ActionRecord? Run(ActionSpec spec, Func<IReadOnlyDictionary<string, BlobRef>> compute) =>
        context.Runner.Run(spec, () => LayerTensors.Guard(source, layer, recordings, compute), context.Cancellation, () =>
            Claim(spec.Stage));

    /// <summary>What the whole chain made.</summary>
    public BuiltLayer Finish() => new(layer, smooth, LowRank, Weights, [.. Clips], Errors)
    {
        Rotation = Rotation,
        ChosenRotation = ChosenRotation,
        Curve = Curve,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _compute?.Dispose();
        _activations?.Dispose();
        if (_lease is null)
            return;
        _compute = null;
        _tensors = null;
        LargeArrays.Reclaim(_lease.Bytes, context.Budget);
        _lease.Dispose();
    }

    /// <summary>Collects what a part of a stage has left, before the next part takes the same again.</summary>
    public void Reclaim() => LargeArrays.Reclaim(_lease?.Bytes ?? 0, context.Budget);

    /// <summary>Takes what this stage and those behind it need, or gives back what only those before it needed.</summary>
    private void Claim(Stage stage)
    {
        context.Plan.Backends.Start(stage.Group, $"{stage} {source.Plan.Name} {layer.Name}");
        DeviceNeed.Require(context.Plan, source.Plan, layer, stage);
        // What the stage before has left goes before this one allocates, and before others are let in.
        Reclaim();
        if (_lease is null)
            _lease = context.Budget.Enter($"{source.Plan.Name} {layer.Name}", Bytes, context.Cancellation);
        else
            _lease.Shrink(Bytes(_lease.Threads));

        long Bytes(int threads) => LayerBuild.Bytes(context.Plan, source.Plan, layer, stage, threads);
    }
}
