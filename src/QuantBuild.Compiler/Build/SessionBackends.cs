using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Build;

/// <summary>Where the backends of a manifest are looked for, and what they are told of its last build.</summary>
internal static class SessionBackends
{
    /// <summary>The registry for what a command line names.</summary>
    public static BackendRegistry Of(CompileOptions options) => BackendRegistry.Of(options.Manifest, options.Compute, host => host with
    {
        Recorded = Recorded(options.Manifest)?.Profiles,
        IsLocked = options.Locked,
    }, Environment.GetEnvironmentVariable);

    /// <summary>What is wrong with a lock file is told by whoever compares with it.</summary>
    private static LockFile? Recorded(string manifest)
    {
        try
        {
            return LockFile.Read(LockFile.PathFor(manifest));
        }
        catch (DiagnosticException)
        {
            return null;
        }
    }
}
