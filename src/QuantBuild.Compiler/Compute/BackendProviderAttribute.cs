namespace QuantBuild.Compiler.Compute;

/// <summary>Names the <see cref="IBackendProvider"/> of an assembly.</summary>
/// <param name="provider">The type.</param>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class BackendProviderAttribute(Type provider) : Attribute
{
    /// <summary>The type.</summary>
    public Type Provider { get; } = provider;
}
