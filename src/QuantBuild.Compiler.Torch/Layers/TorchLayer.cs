using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
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
    /// <summary>Whether a step is computed by the processor's own kernels: the choice of a rotation, of which a few rows decide.</summary>
    public static bool IsOfProcessor(LayerStep step) => step == LayerStep.Rotate;

    /// <inheritdoc/>
    /// <remarks>By the processor's own kernels: a few rows of a layer.</remarks>
    public RotationErrors Rotate(IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
    {
        using ILayerCompute own = CpuBackend.Instance.Open(data);
        return own.Rotate(steps, threads, ct);
    }

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
