namespace QuantBuild.Compiler.Manifests;

/// <summary>The checkpoint of the Hub that a build read.</summary>
/// <param name="Reference">Repository and revision, as the manifest names them.</param>
/// <param name="Commit">The commit that the revision was.</param>
internal sealed record LockedSource(HubReference Reference, string Commit);
