using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Tensors;

/// <summary>A piece of work on the current thread: its tensors are gone when it ends, but for those that were detached.</summary>
internal sealed class TensorWork : IDisposable
{
    private readonly IDisposable _inference = inference_mode(true);
    private readonly DisposeScope _scope = NewDisposeScope();

    /// <inheritdoc/>
    public void Dispose()
    {
        _scope.Dispose();
        _inference.Dispose();
    }
}
