namespace QuantBuild.Compiler.Hub;

/// <summary>How a <see cref="HubClient"/> works.</summary>
internal sealed record HubOptions
{
    /// <summary>The Hub, with a closing slash: <see cref="HubEnvironment.Endpoint"/>.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The token; null to go without.</summary>
    public HubToken? Token { get; init; }

    /// <summary>Folder in which unfinished uploads are remembered; null to forget them.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Transfers at a time.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>How often a request is tried at most.</summary>
    public int Tries { get; init; } = 5;

    /// <summary>Pause before the second try; doubles from try to try up to <see cref="LongestPause"/>.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause that is not asked for by the server.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>The longest pause that the server may ask for; the Hub counts requests over five minutes.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(6);

    /// <summary>A connection over which nothing moves for this long is given up.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told of retries and of warnings that the Hub sends; never of secrets.</summary>
    public Action<string>? Notice { get; init; }
}
