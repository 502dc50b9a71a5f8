using System.Reflection;
using System.Runtime.CompilerServices;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>The libtorch that the tests use, here and in processes that they start.</summary>
internal static class Natives
{
    public const string Variable = "QUANTBUILD_TORCH";

    public static string Folder { get; } = Metadata("LibTorch");

    public static string Metadata(string key) => typeof(Natives).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;

    [ModuleInitializer]
    internal static void Name() => Environment.SetEnvironmentVariable(Variable, Folder);
}
