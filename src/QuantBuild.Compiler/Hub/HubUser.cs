using System.Collections.Immutable;

namespace QuantBuild.Compiler.Hub;

/// <summary>Whose token it is.</summary>
/// <param name="Name">The account.</param>
/// <param name="Organizations">Organizations it belongs to.</param>
internal sealed record HubUser(string Name, ImmutableArray<string> Organizations);
