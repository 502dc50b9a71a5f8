using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Extensions;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Compute.Loading;

/// <summary>
/// Finds a backend by its name. <c>cpu</c> is built in; any other is the assembly <c>QuantBuild.Compiler.Name.dll</c> of a package, and is
/// looked for and loaded only when a manifest asks for it.
/// </summary>
/// <param name="folders">Where to look.</param>
internal sealed class BackendRegistry(ExtensionFolders folders)
{
    /// <summary>One that looks where extensions are.</summary>
    public static BackendRegistry Default => new(ExtensionFolders.Default);

    /// <summary>Opens a backend.</summary>
    /// <param name="backend">Which.</param>
    /// <param name="choice">Device and element type.</param>
    /// <returns>The backend; null when it is not installed.</returns>
    /// <exception cref="DiagnosticException">It is there and cannot be used (QB3230, or a code of its own).</exception>
    public IComputeBackend? Find(ComputeBackend backend, ComputeSection choice)
    {
        if (backend == ComputeBackend.Cpu)
            return CpuBackend.Instance;
        return folders.Find(PackageOf(backend)) is { } path
            ? ExtensionAssembly.Load<IBackendProvider>(path, Descriptors.ComputeUnusable).Open(choice)
            : null;
    }

    /// <summary>The package that brings a backend.</summary>
    public static string PackageOf(ComputeBackend backend) => $"QuantBuild.Compiler.{backend}";
}
