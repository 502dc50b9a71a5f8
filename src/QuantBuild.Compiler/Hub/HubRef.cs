namespace QuantBuild.Compiler.Hub;

/// <summary>A branch, tag or pull request of a repository.</summary>
/// <param name="Name">Its short name, such as <c>main</c>.</param>
/// <param name="Full">Its full name, such as <c>refs/heads/main</c>.</param>
/// <param name="Commit">The commit it points to.</param>
internal sealed record HubRef(string Name, string Full, string Commit);
