using System.Reflection;

namespace QuantBuild.Report.Tests;

/// <summary>The page that the build of models/TinyWan wrote.</summary>
internal static class TinyWanReport
{
    public static string Path { get; } = typeof(TinyWanReport).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == nameof(TinyWanReport)).Value!;
}
