namespace QuantBuild.Compiler.Store.Remote.Http;

/// <summary>How long a server is waited for. What a build loses in all is bounded elsewhere.</summary>
/// <param name="Stall">Without an answer to a request without a body, or without a byte of the answer's body, a try is given up.</param>
/// <param name="Tries">Tries of a request whose connection broke or whose server says that it is busy.</param>
/// <param name="FirstPause">Pause before the second try; every further one is twice as long.</param>
internal sealed record HttpLimits(TimeSpan Stall, int Tries, TimeSpan FirstPause)
{
    /// <summary>Those of a build.</summary>
    public static HttpLimits Default { get; } = new(TimeSpan.FromSeconds(5), Tries: 3, TimeSpan.FromMilliseconds(200));
}
