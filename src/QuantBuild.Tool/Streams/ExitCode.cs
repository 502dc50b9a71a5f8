namespace QuantBuild.Tool.Streams;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    /// <summary>Everything was done.</summary>
    public const int Done = 0;

    /// <summary>It failed; the diagnostics say why.</summary>
    public const int Failed = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>It failed, and may succeed later or elsewhere: EX_TEMPFAIL of sysexits.</summary>
    public const int TryAgain = 75;

    /// <summary>Stopped by Ctrl+C or a termination request: 128 + SIGINT, as shells expect.</summary>
    public const int Cancelled = 130;
}
