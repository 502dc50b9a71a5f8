namespace QuantBuild.Compiler.Store.Remote;

/// <summary>A store that others share, behind the local one.</summary>
/// <param name="Url">Where it is, such as <c>file:///mnt/team/quantbuild</c>.</param>
/// <param name="ReadOnly">Whether results are taken from it and none is written, as for builds of strangers' changes.</param>
internal sealed record RemoteStoreOptions(string Url, bool ReadOnly = false)
{
    /// <summary>An environment variable: 1 allows <c>http://</c> to other machines.</summary>
    public const string PlainHttpVariable = "QUANTBUILD_REMOTE_PLAIN_HTTP";

    /// <summary>What the operation that has these options learns of the store, over all its tries.</summary>
    public RemoteHistory History { get; } = new(TimeProvider.System);

    /// <summary>Looks up the environment variables in which credentials are; null when one is not set.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;
}
