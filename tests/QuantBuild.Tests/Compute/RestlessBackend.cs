using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Denoisers;
using QuantBuild.Formats;

namespace QuantBuild.Tests.Compute;

/// <summary>The processor's arithmetic, but for errors of layers: from a moment on they are larger by a factor.</summary>
/// <param name="bitExact">What it says of itself.</param>
internal sealed class RestlessBackend(bool bitExact) : IComputeBackend
{
    /// <summary>The factor.</summary>
    public double Factor { get; set; } = 1;

    public string Name => "restless";

    public QuantBuild.Pipelines.IEncoderFactory Encoders => CpuBackend.Instance.Encoders;

    public void Start(string needed)
    {
        // The processor is always ready.
    }

    public IDenoiserFactory Models => CpuDenoiserFactory.Instance;

    public NumericProfile ProfileOf(ComputeGroup group) => new("restless-1", bitExact);

    public ILayerCompute Open(ILayerData layer) => new Layer(this, CpuBackend.Instance.Open(layer));

    public ResourceNeed NeedOf(LayerStep step, LayerSpec layer, long tokens, int threads) =>
        CpuBackend.Instance.NeedOf(step, layer, tokens, threads);

    private sealed class Layer(RestlessBackend backend, ILayerCompute layer) : ILayerCompute
    {
        public RotationErrors Rotate(IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
            layer.Rotate(steps, threads, ct);

        public ImmutableArray<RankCurve.Point> Curve(IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
            layer.Curve(steps, threads, ct);

        public LowRankBranch LowRank(int threads, CancellationToken ct) => layer.LowRank(threads, ct);

        public GptqResult Round(IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
            layer.Round(steps, threads, ct) is var round
            && round.Outcome.ErrorEnergy is { } energy
            ? round with { Outcome = round.Outcome with { ErrorEnergy = energy * backend.Factor } }
            : round;

        public ClipResult Clip(ActivationRecipe recipe, IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
            layer.Clip(recipe, steps, threads, ct);

        public LadderErrors Measure(ClipSetting? clip, IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
        {
            LadderErrors errors = layer.Measure(clip, steps, threads, ct);
            return errors with { Sums = [.. errors.Sums.Select(sums => sums with { Difference = sums.Difference * backend.Factor })] };
        }

        public void Dispose() => layer.Dispose();
    }
}
