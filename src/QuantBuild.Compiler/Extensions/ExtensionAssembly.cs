using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Loader;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Extensions;

/// <summary>Loads an extension's assembly with its own dependencies, beside this library.</summary>
internal static class ExtensionAssembly
{
    private static readonly ConcurrentDictionary<string, object> Loaded = new(StringComparer.Ordinal);

    /// <summary>What an assembly provides; an assembly is loaded once.</summary>
    /// <typeparam name="TProvider">What its provider has to be.</typeparam>
    /// <param name="path">Its file.</param>
    /// <param name="unusable">Says that it cannot be used; its text takes the reason.</param>
    /// <exception cref="DiagnosticException">It is no such extension, or one for another version.</exception>
    public static TProvider Load<TProvider>(string path, DiagnosticDescriptor unusable)
        where TProvider : class
    {
        try
        {
            return Loaded.GetOrAdd(Path.GetFullPath(path), LoadNew) as TProvider
                ?? throw new BadImageFormatException($"it has no {typeof(TProvider).Name}");
        }
        catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException or TypeLoadException
            or MissingMemberException or TargetInvocationException)
        {
            throw new DiagnosticException(unusable.At(new SourceSpan(path), (e.InnerException ?? e).Message), e);
        }
    }

    private static object LoadNew(string path)
    {
        AssemblyName name = AssemblyName.GetAssemblyName(path), own = typeof(ExtensionAssembly).Assembly.GetName();
        if (name.Version != own.Version)
            throw new BadImageFormatException($"it is of version {name.Version}, this is {own.Version}");
        Assembly assembly = new Context(path).LoadFromAssemblyPath(path);
        return assembly.GetCustomAttribute<ProviderAttribute>() is { } attribute
            && Activator.CreateInstance(attribute.Provider) is { } provider
            ? provider
            : throw new BadImageFormatException("it names no provider");
    }

    /// <summary>What an extension brings is its own; what this process has already, above all this library, it shares.</summary>
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
