using System.Reflection;

namespace QuantBuild.Tests;

/// <summary>Where the repository's golden values and tiny model are.</summary>
internal static class TestData
{
    public static string Root { get; } = typeof(TestData).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    public static string Golden(string name) => Path.Combine(Root, "tests", "Golden", name);

    public static string TinyWan(params string[] parts) => Path.Combine([Root, "models", "TinyWan", .. parts]);
}
