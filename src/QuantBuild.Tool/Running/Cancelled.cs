using System.Collections.Frozen;

namespace QuantBuild.Tool.Running;

/// <summary>What a cancelled command says last.</summary>
internal static class Cancelled
{
    // Commands that put finished work into the store.
    private static readonly FrozenSet<string> Keeping = FrozenSet.Create(StringComparer.Ordinal, "build", "ci", "eval", "suggest",
        "activations");

    /// <summary>The words, for a command by its name.</summary>
    public static string Text(string? command) => command is not null && Keeping.Contains(command)
        ? "Cancelled. What a build has finished is in the store; the next one goes on from there."
        : "Cancelled.";
}
