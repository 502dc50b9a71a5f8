namespace QuantBuild.Compiler.Extensions;

/// <summary>Names what an extension's assembly provides: a type with a constructor without parameters.</summary>
/// <param name="provider">The type.</param>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class ProviderAttribute(Type provider) : Attribute
{
    /// <summary>The type.</summary>
    public Type Provider { get; } = provider;
}
