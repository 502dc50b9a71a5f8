namespace QuantBuild.MSBuild;

/// <summary>The <c>dotnet</c> that runs this build: the worker runs under the same one.</summary>
internal static class DotNetHost
{
    /// <summary>Name of its executable.</summary>
    public static string FileName => OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";

    /// <summary>Its full path; just its name, to be found on the path, when nothing says more.</summary>
    public static string Find()
    {
        // Some hosts name the folder instead of the file.
        string? named = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH");
        if (Directory.Exists(named))
            named = Path.Combine(named, FileName);
        if (File.Exists(named))
            return named;
        return Environment.ProcessPath is { } process && Path.GetFileName(process) == FileName ? process : FileName;
    }
}
