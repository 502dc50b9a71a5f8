using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>A remote store that was named.</summary>
/// <param name="Name">Its address, for messages.</param>
/// <param name="Blobs">Its blobs.</param>
/// <param name="Actions">Its actions.</param>
internal sealed record RemoteStore(string Name, IBlobStore Blobs, IActionCache Actions) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => (Blobs as IDisposable)?.Dispose();
}
