namespace QuantBuild.Tool.Text;

/// <summary>The command line is well-formed but cannot be meant: exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
