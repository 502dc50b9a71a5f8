using System.Collections.Immutable;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Sessions;
using QuantBuild.Formats;
using QuantBuild.Torch.Tensors;

namespace QuantBuild.Compiler.Torch.Layers;

/// <summary>The steps of a layer on the device. Nothing stays there between steps: another layer may be next.</summary>
/// <param name="data">The layer.</param>
/// <param name="session">Has the device.</param>
internal sealed class TorchLayer(ILayerData data, TorchSession session) : ILayerCompute
{
    /// <inheritdoc/>
    public RotationErrors Rotate(IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
        Run(work => work.Rotate(steps), ct);

    /// <inheritdoc/>
    public ImmutableArray<RankCurve.Point> Curve(IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
        Run(work => work.Curve(steps), ct);

    /// <inheritdoc/>
    public LowRankBranch LowRank(int threads, CancellationToken ct) => Run(work => work.LowRank(), ct);

    /// <inheritdoc/>
    public GptqResult Round(IReadOnlyCollection<int> steps, int threads, CancellationToken ct) => Run(work => work.Round(steps), ct);

    /// <inheritdoc/>
    public ClipResult Clip(ActivationRecipe recipe, IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
        Run(work => work.Clip(recipe, steps), ct);

    /// <inheritdoc/>
    public LadderErrors Measure(ClipSetting? clip, IReadOnlyCollection<int> steps, int threads, CancellationToken ct) =>
        Run(work => work.Measure(clip, steps), ct);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Every step has given back what it took.
    }

    private T Run<T>(Func<DeviceSteps, T> step, CancellationToken ct)
    {
        lock (session.Device)
        {
            ct.ThrowIfCancellationRequested();
            TensorSpace space = session.LayerSpace;
            return TorchDiagnostics.Guard(space.Device, $"the layer {data.Layer.Name}", () =>
            {
                using TensorWork work = space.Begin();
                return step(new DeviceSteps(data, space, session.Runtime().Tables, ct));
            });
        }
    }
}
