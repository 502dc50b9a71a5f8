namespace QuantBuild.Compiler.Hub;

/// <summary>A commit that was made.</summary>
/// <param name="Id">40 hexadecimal digits.</param>
/// <param name="Address">Its page, or that of the pull request; null when the server named none.</param>
public sealed record HubCommit(string Id, string? Address);
