using QuantBuild.Compiler.Processes;

namespace QuantBuild.MSBuild;

/// <summary>The <c>dotnet</c> that runs this build: the worker runs under the same one.</summary>
internal static class DotNetHost
{
    /// <summary>Name of its executable.</summary>
    public static string FileName => OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";

    /// <summary>
    /// Its full path: the one that the build names, the one that runs the build, or the one on the PATH; null when there is none.
    /// </summary>
    public static string? Find()
    {
        // Some hosts name the folder instead of the file.
        string? named = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH");
        if (Directory.Exists(named))
            named = Path.Combine(named, FileName);
        if (named is not null && ProgramPath.IsProgram(named))
            return named;
        return Environment.ProcessPath is { } process && Path.GetFileName(process) == FileName ? process : ProgramPath.Find("dotnet");
    }
}
