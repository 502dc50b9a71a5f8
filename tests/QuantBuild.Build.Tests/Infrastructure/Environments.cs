namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>Environment variables that tests set.</summary>
internal static class Environments
{
    public static IReadOnlyDictionary<string, string?> With(params (string Name, string? Value)[] variables) =>
        variables.ToDictionary(variable => variable.Name, variable => variable.Value);
}
