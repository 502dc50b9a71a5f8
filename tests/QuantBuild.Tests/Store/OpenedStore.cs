using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>A store that a contract opened.</summary>
/// <param name="Blobs">Its blobs.</param>
/// <param name="Actions">Its actions.</param>
/// <param name="Close">Closes it.</param>
internal sealed record OpenedStore(IBlobStore Blobs, IActionCache Actions, Func<ValueTask> Close) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Close();
}
