using System.Collections.Concurrent;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Extensions;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Torch;
using QuantBuild.Compiler.Torch.Sessions;

[assembly: Provider(typeof(TorchProvider))]

namespace QuantBuild.Compiler.Torch;

/// <summary>Opens the backend; nothing of libtorch is needed for that.</summary>
internal sealed class TorchProvider : IBackendProvider
{
    // A process starts a device once, however many manifests it plans.
    private static readonly ConcurrentDictionary<(ComputeDevice Device, ComputeDType Type), TorchBackend> Opened = new();

    /// <inheritdoc/>
    public IComputeBackend Open(ComputeSection choice) =>
        Opened.GetOrAdd((choice.Device, choice.DType), key => new TorchBackend(new TorchSession(TorchChoice.Of(key.Device, key.Type))));
}
