using QuantBuild.Compiler.Actions;

namespace QuantBuild.Compiler.Build;

/// <summary>Why a layer's actions run, or ran, again.</summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Layer">Its name.</param>
/// <param name="Actions">Its actions in stage order.</param>
internal sealed record WhyReport(string Expert, string Layer, IReadOnlyList<WhyReport.Action> Actions)
{
    /// <summary>One action.</summary>
    /// <param name="Now">Its state now: cached, or missing when the next build would run it.</param>
    /// <param name="IsNew">Whether no earlier build knew it.</param>
    /// <param name="Changes">Parts of the key that differ from the build before.</param>
    public sealed record Action(ActionEvent Now, bool IsNew, IReadOnlyList<Change> Changes);

    /// <summary>A part of a key that changed.</summary>
    /// <param name="Part">Its path, such as <c>options.rank</c> or <c>inputs.weight</c>.</param>
    /// <param name="Before">Its old value; null when there was none.</param>
    /// <param name="After">Its new value; null when there is none any more.</param>
    public sealed record Change(string Part, string? Before, string? After);
}
