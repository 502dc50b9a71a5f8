using QuantBuild.Compiler.Hub;

namespace QuantBuild.Compiler.Projects;

/// <summary>What a new model project is to be.</summary>
/// <param name="Folder">Where it goes; created when it is not there.</param>
/// <param name="Source">The checkpoint: a folder, or <c>hf://owner/name@revision</c>.</param>
/// <param name="Name">Its name; null takes the folder's.</param>
/// <param name="Force">Whether files that are there may be replaced.</param>
/// <param name="Hub">How checkpoints of the Hub are reached; null for what the environment says.</param>
internal sealed record ProjectRequest(string Folder, string Source, string? Name = null, bool Force = false, HubAccess? Hub = null);
