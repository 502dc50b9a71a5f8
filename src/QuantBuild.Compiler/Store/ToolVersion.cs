using System.Reflection;

namespace QuantBuild.Compiler.Store;

/// <summary>Version of the compiler, as records and artifacts name it.</summary>
internal static class ToolVersion
{
    /// <summary>The semantic version without build metadata.</summary>
    public static string Text { get; } = typeof(ToolVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
