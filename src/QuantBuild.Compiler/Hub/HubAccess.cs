namespace QuantBuild.Compiler.Hub;

/// <summary>How a build reaches the Hub and the download cache.</summary>
/// <param name="Environment">The variables that say so.</param>
internal sealed record HubAccess(HubEnvironment Environment)
{
    /// <summary>Told of retries and of what the Hub warns about; null for nobody.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Told of bytes while weights are downloaded; null for nobody.</summary>
    public IProgress<TransferStatus>? Progress { get; init; }

    /// <summary>Changes to the client's options; for tests, and for callers with other patience.</summary>
    public Func<HubOptions, HubOptions>? Configure { get; init; }

    /// <summary>The download cache.</summary>
    public HubCache Cache => new(Environment.CacheFolder);

    /// <summary>Access as this process's environment describes it.</summary>
    public static HubAccess OfProcess() => new(HubEnvironment.OfProcess());

    /// <summary>Finds the token and makes a client; null when the environment says to work offline.</summary>
    /// <exception cref="Diagnostics.DiagnosticException">The endpoint or the token cannot be used.</exception>
    public HubClient? Connect(CancellationToken ct = default)
    {
        if (Environment.Offline)
            return null;
        var options = new HubOptions { Endpoint = Environment.Endpoint, Notice = Notice };
        options = Configure?.Invoke(options) ?? options;
        return new HubClient(options with { Token = TokenDiscovery.FindAsync(options, Environment, ct: ct).GetAwaiter().GetResult() });
    }
}
