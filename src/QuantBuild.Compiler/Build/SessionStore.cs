using System.Diagnostics.CodeAnalysis;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Extensions;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Compiler.Build;

/// <summary>The stores of a session: the local one, and the one behind it if there is one.</summary>
internal sealed class SessionStore : IDisposable
{
    private readonly TieredStore? _tiers;

    private SessionStore(ContentStore local, TieredStore? tiers)
    {
        _tiers = tiers;
        Stores = tiers is null ? new BuildStore(local) : new BuildStore(local, tiers, tiers);
    }

    /// <summary>What actions run on.</summary>
    public BuildStore Stores { get; }

    /// <summary>Opens them.</summary>
    /// <param name="options">Name them.</param>
    /// <param name="observer">Told of trouble.</param>
    /// <param name="execute">Whether actions run; what only looks does not ask the remote store, which would move content.</param>
    /// <param name="ct">Ends transfers.</param>
    /// <exception cref="Diagnostics.DiagnosticException">The local store cannot be opened, or an address is none (QB4090).</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns the store.")]
    public static SessionStore Open(CompileOptions options, IBuildObserver observer, bool execute, CancellationToken ct)
    {
        ContentStore local = ContentStore.Open(options.Store ?? ContentStore.DefaultRoot());
        try
        {
            local.Notice = observer.Report;
            local.ReadsWhatItFinds = options.ReadsWhatItFinds;
            return new SessionStore(local, execute && options.Remote is { } remote
                ? new TieredStore(local, RemoteAddress.Open(remote, local.Root, () => PackagesOf(options)), remote.ReadOnly,
                    observer.Report, TimeProvider.System, ct, remote.History, careful: options.ReadsWhatItFinds)
                {
                    SharesAll = remote.Required,
                    Waits = left => observer.PhaseStarted("Write to the shared store", left),
                }
                : null);
        }
        catch
        {
            local.Dispose();
            throw;
        }
    }

    /// <summary>Waits for what is still on its way to the remote store, and closes both.</summary>
    public void Dispose()
    {
        try
        {
            _tiers?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        finally
        {
            Stores.Local.Dispose();
        }
    }

    private static RestoredPackages PackagesOf(CompileOptions options) =>
        RestoredPackages.Read(options.Compute.ProjectAssets ?? RestoredPackages.FileBeside(options.Manifest));
}
