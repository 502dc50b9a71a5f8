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
    private static readonly ConcurrentDictionary<string, TorchBackend> Opened = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public IComputeBackend Open(ComputeSection choice, ComputeHost host)
    {
        var found = TorchChoice.Of(choice.Device, choice.DType, host);
        return Opened.GetOrAdd(found.Key, _ => new TorchBackend(new TorchSession(found)));
    }
}
