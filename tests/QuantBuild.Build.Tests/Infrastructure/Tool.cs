namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>Runs <c>quantbuild</c> as a process.</summary>
internal static class Tool
{
    /// <summary>Runs it to the end.</summary>
    public static Outcome Run(string folder, params string[] arguments) => Run(folder, new Dictionary<string, string?>(), arguments);

    /// <summary>Runs it to the end with changed environment variables.</summary>
    public static Outcome Run(string folder, IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        using RunningProcess process = Start(folder, environment, arguments);
        return process.Wait();
    }

    /// <summary>Starts it.</summary>
    public static RunningProcess Start(string folder, IReadOnlyDictionary<string, string?> environment, params string[] arguments) =>
        new("dotnet", ["exec", Repository.Tool, .. arguments], folder, environment);
}
