using System.Collections.Immutable;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Compute.Loading;

/// <summary>
/// Finds a backend by its name. <c>cpu</c> is built in; any other is the assembly <c>QuantBuild.Compiler.Name.dll</c> of a package, and is
/// looked for and loaded only when a manifest asks for it.
/// </summary>
/// <param name="folders">Where to look, in this order; absolute.</param>
internal sealed class BackendRegistry(ImmutableArray<string> folders)
{
    /// <summary>The environment variable with folders to look in first, separated as in a PATH; only absolute ones count.</summary>
    public const string Variable = "QUANTBUILD_BACKENDS";

    /// <summary>The folders of <see cref="Variable"/>, then the tool's own.</summary>
    public static BackendRegistry Default => Of(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Where it looks.</summary>
    public ImmutableArray<string> Folders => folders;

    /// <summary>Opens a backend.</summary>
    /// <param name="backend">Which.</param>
    /// <param name="choice">Device and element type.</param>
    /// <returns>The backend; null when it is not installed.</returns>
    /// <exception cref="DiagnosticException">It is there and cannot be used (QB3230, or a code of its own).</exception>
    public IComputeBackend? Find(ComputeBackend backend, ComputeSection choice)
    {
        if (backend == ComputeBackend.Cpu)
            return CpuBackend.Instance;
        string? path = folders.Select(folder => Path.Combine(folder, FileOf(backend))).FirstOrDefault(File.Exists);
        return path is null ? null : BackendAssembly.Load(path).Open(choice);
    }

    /// <summary>File name of a backend's assembly.</summary>
    public static string FileOf(ComputeBackend backend) => $"{PackageOf(backend)}.dll";

    /// <summary>The package that brings a backend.</summary>
    public static string PackageOf(ComputeBackend backend) => $"QuantBuild.Compiler.{backend}";

    /// <summary>The folders of a value of <see cref="Variable"/>, then the tool's own.</summary>
    internal static BackendRegistry Of(string? list) =>
        new([.. (list ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(Path.IsPathFullyQualified), AppContext.BaseDirectory]);
}
