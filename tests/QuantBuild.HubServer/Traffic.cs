namespace QuantBuild.HubServer;

/// <summary>One request that arrived.</summary>
/// <param name="Storage">At the storage's origin, rather than the Hub's.</param>
/// <param name="Method">Its method.</param>
/// <param name="Path">Its path and query as they were sent.</param>
/// <param name="Authorization">Its Authorization header; null when it had none.</param>
/// <param name="Range">Its Range header; null when it had none.</param>
public sealed record Traffic(bool Storage, string Method, string Path, string? Authorization, string? Range)
{
    /// <summary>Bytes of the body that were read.</summary>
    public long Received { get; set; }
}
