using System.Collections.Immutable;

namespace QuantBuild.Compiler.Hub;

/// <summary>Files of a commit in the local cache.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Folder">The snapshot's folder; read-only input, shared with other programs.</param>
/// <param name="Files">Paths of the files that were asked for, in the repository and below the folder.</param>
internal sealed record HubSnapshot(string Commit, string Folder, ImmutableArray<string> Files);
