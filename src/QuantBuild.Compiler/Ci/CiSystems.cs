namespace QuantBuild.Compiler.Ci;

/// <summary>Finds out where a process runs.</summary>
internal static class CiSystems
{
    /// <summary>The CI system that the environment tells of; null outside of those that are known.</summary>
    /// <param name="read">Looks an environment variable up; null when it is not set.</param>
    /// <param name="output">Standard output.</param>
    public static ICiSystem? Detect(Func<string, string?> read, TextWriter output) =>
        IsTrue(read("GITHUB_ACTIONS")) ? new GitHubActions(read, output)
        : IsTrue(read("TF_BUILD")) ? new AzurePipelines(read, output)
        : null;

    private static bool IsTrue(string? value) => string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);
}
