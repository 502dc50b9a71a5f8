using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Extensions;

namespace QuantBuild.Compiler.Compute;

/// <summary>
/// What a machine, and whoever starts a build on it, say to the backends beside the manifest. None of it is a part of a key, but for what a
/// backend names in its profile.
/// </summary>
internal sealed record ComputeHost
{
    /// <summary>The environment variable that says which of several devices; after <see cref="Device"/>.</summary>
    public const string DeviceVariable = "QUANTBUILD_DEVICE";

    /// <summary>A folder with the native libraries of a backend; null for those of <see cref="Packages"/>.</summary>
    public string? Library { get; init; }

    /// <summary>Which of several devices, such as <c>cuda:1</c>; null for the first.</summary>
    public string? Device { get; init; }

    /// <summary>Bytes of a device's memory to use; null for most of what it has.</summary>
    public long? DeviceMemory { get; init; }

    /// <summary>The packages of the model project.</summary>
    public RestoredPackages Packages { get; init; } = RestoredPackages.None;

    /// <summary>The arithmetic of the last build, as the lock file names it; null for none.</summary>
    public ProfileNames? Recorded { get; init; }

    /// <summary>Whether no other results are wanted than those of <see cref="Recorded"/>.</summary>
    public bool IsLocked { get; init; }

    /// <summary>
    /// Whether results go into no store and no artifact, so that their arithmetic needs no name before it is there: a device may then
    /// multiply 4-bit layers as it does best.
    /// </summary>
    public bool IsUnstored { get; init; }

    /// <summary>Looks an environment variable up; null when it is not set.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;
}
