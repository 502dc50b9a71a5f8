using System.CommandLine;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Tool.Running;

/// <summary>The store that others share, for commands that make results.</summary>
internal static class RemoteOptions
{
    private const string Variable = "QUANTBUILD_REMOTE", ReadOnlyVariable = "QUANTBUILD_REMOTE_READ_ONLY";

    public static Option<string?> Remote { get; } = new("--remote")
    {
        Description = "A store that others share, behind the local one: results are taken from it and written to it "
            + $"[default: {Variable}; \"\" for none].",
        HelpName = "url",
    };

    public static Option<bool> ReadOnly { get; } = new("--remote-read-only")
    {
        Description = $"Write nothing to the shared store [default: whether {ReadOnlyVariable} is 1 or true].",
    };

    public static Option<bool> Required { get; } = new("--remote-required")
    {
        Description = "Fail when the shared store fails, or did not get all results; also those that were made before are written to it.",
    };

    /// <summary>The shared store that a command line or the environment names; null for none.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="read">Looks an environment variable up; null when it is not set.</param>
    public static RemoteStoreOptions? Of(ParseResult arguments, Func<string, string?> read) =>
        (arguments.GetValue(Remote) ?? read(Variable)) is { Length: > 0 } url
            ? new RemoteStoreOptions(url, arguments.GetValue(ReadOnly)
                || read(ReadOnlyVariable) is "1" || string.Equals(read(ReadOnlyVariable), "true", StringComparison.OrdinalIgnoreCase))
            {
                Required = arguments.CommandResult.Command.Options.Contains(Required) && arguments.GetValue(Required),
            }
            : null;
}
