using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Loader;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Compute.Loading;

/// <summary>Loads a backend's assembly with its own dependencies, beside this library.</summary>
internal static class BackendAssembly
{
    private static readonly ConcurrentDictionary<string, IBackendProvider> Loaded = new(StringComparer.Ordinal);

    /// <summary>The provider of an assembly; an assembly is loaded once.</summary>
    /// <param name="path">Its file.</param>
    /// <exception cref="DiagnosticException">It is no backend, or one for another version (QB3230).</exception>
    public static IBackendProvider Load(string path) => Loaded.GetOrAdd(Path.GetFullPath(path), LoadNew);

    private static IBackendProvider LoadNew(string path)
    {
        try
        {
            AssemblyName name = AssemblyName.GetAssemblyName(path), own = typeof(BackendAssembly).Assembly.GetName();
            if (name.Version != own.Version)
                throw Unusable(path, $"it is of version {name.Version}, this is {own.Version}");
            Assembly assembly = new Context(path).LoadFromAssemblyPath(path);
            return assembly.GetCustomAttribute<BackendProviderAttribute>() is { } attribute
                && Activator.CreateInstance(attribute.Provider) is IBackendProvider provider
                ? provider
                : throw Unusable(path, "it has no backend");
        }
        catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException or TypeLoadException
            or MissingMemberException or TargetInvocationException)
        {
            throw Unusable(path, (e.InnerException ?? e).Message, e);
        }
    }

    private static DiagnosticException Unusable(string path, string why, Exception? cause = null) =>
        new(Descriptors.ComputeUnusable.At(new SourceSpan(path), why), cause);

    /// <summary>What a backend brings is its own; what this process has already, above all this library, it shares.</summary>
    private sealed class Context(string path) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(path))
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName assemblyName) =>
            assemblyName.Name is { } name && name != Name && Default.Assemblies.Any(loaded => loaded.GetName().Name == name)
                ? null
                : _resolver.ResolveAssemblyToPath(assemblyName) is { } file ? LoadFromAssemblyPath(file) : null;

        protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
            _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } file ? LoadUnmanagedDllFromPath(file) : 0;
    }
}
