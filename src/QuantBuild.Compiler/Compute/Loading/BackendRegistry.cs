using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Extensions;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Compute.Loading;

/// <summary>
/// Finds a backend by its name. <c>cpu</c> is built in; any other is the assembly <c>QuantBuild.Compiler.Name.dll</c> of the package of
/// that name, and is looked for and loaded only when a manifest asks for it: where extensions are, and among the packages of the model
/// project.
/// </summary>
/// <param name="folders">Where extensions are.</param>
/// <param name="host">What backends are told; asked for when one is looked for. Null for nothing.</param>
internal sealed class BackendRegistry(ExtensionFolders folders, Func<ComputeHost>? host = null)
{
    private readonly Lazy<ComputeHost> _host = new(host ?? (() => new ComputeHost()));

    /// <summary>For a manifest without a project: it looks where extensions are.</summary>
    public static BackendRegistry Default => new(ExtensionFolders.Default);

    /// <summary>The registry for a manifest.</summary>
    /// <param name="manifest">Its path.</param>
    /// <param name="options">What a command line says.</param>
    /// <param name="add">Adds what the last build says.</param>
    /// <param name="variable">Looks an environment variable up.</param>
    public static BackendRegistry Of(string manifest, ComputeOptions options, Func<ComputeHost, ComputeHost> add,
        Func<string, string?> variable) => new(ExtensionFolders.Of(variable(ExtensionFolders.Variable)), () => add(new ComputeHost
        {
            Library = options.Library,
            Device = options.Device,
            DeviceMemory = options.DeviceMemory,
            Packages = RestoredPackages.Read(options.ProjectAssets ?? RestoredPackages.FileBeside(manifest)),
            Variable = variable,
        }));

    /// <summary>Opens a backend.</summary>
    /// <param name="backend">Which.</param>
    /// <param name="choice">Device and element type.</param>
    /// <returns>The backend; null when it is not installed.</returns>
    /// <exception cref="DiagnosticException">It is there and cannot be used (QB3230, QB4102, or a code of its own).</exception>
    public IComputeBackend? Find(ComputeBackend backend, ComputeSection choice)
    {
        if (backend == ComputeBackend.Cpu)
            return CpuBackend.Instance;
        return (folders.Find(PackageOf(backend)) ?? _host.Value.Packages.Find(PackageOf(backend))) is { } path
            ? ExtensionAssembly.Load<IBackendProvider>(path, Descriptors.ComputeUnusable).Open(choice, _host.Value)
            : null;
    }

    /// <summary>The package that brings a backend.</summary>
    public static string PackageOf(ComputeBackend backend) => $"QuantBuild.Compiler.{backend}";
}
