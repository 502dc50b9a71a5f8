using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>A store that others share, behind the local one.</summary>
/// <param name="Url">Where it is, such as <c>file:///mnt/team/quantbuild</c>.</param>
/// <param name="ReadOnly">Whether results are taken from it and none is written, as for builds of strangers' changes.</param>
internal sealed record RemoteStoreOptions(string Url, bool ReadOnly = false)
{
    /// <summary>An environment variable: 1 allows <c>http://</c> to other machines.</summary>
    public const string PlainHttpVariable = "QUANTBUILD_REMOTE_PLAIN_HTTP";

    /// <summary>
    /// Whether an operation fails when anything of it did not reach the store, or the store failed. What the local store had before is
    /// then written there, too.
    /// </summary>
    public bool Required { get; init; }

    /// <summary>What the operation that has these options learns of the store, over all its tries.</summary>
    public RemoteHistory History { get; } = new(TimeProvider.System);

    /// <summary>Fails when the store is required and was not all there.</summary>
    /// <exception cref="DiagnosticException">It was not (QB4097).</exception>
    public void RequireWhole()
    {
        if (Required && History.Trouble is { } trouble)
            throw new DiagnosticException(Descriptors.RemoteRequired.At(null, trouble));
    }

    /// <summary>Looks up the environment variables in which credentials are; null when one is not set.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;
}
