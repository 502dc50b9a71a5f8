using System.Collections.Immutable;

namespace QuantBuild.Compiler.Hub;

/// <summary>What a revision resolves to.</summary>
/// <param name="Commit">The commit, 40 hexadecimal digits.</param>
/// <param name="Files">Paths of its files.</param>
internal sealed record HubRevision(string Commit, ImmutableArray<string> Files);
