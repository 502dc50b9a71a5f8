using System.Reflection;

namespace QuantBuild.Compiler.Diagnostics;

/// <summary>The one table of diagnostics. Each bucket has its own file; <c>docs/errors.md</c> is generated from it.</summary>
internal static partial class Descriptors
{
    // Lazy, because the order in which the parts of a partial class initialize their fields is not defined.
    private static readonly Lazy<IReadOnlyList<DiagnosticDescriptor>> Table = new(() => [.. typeof(Descriptors)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => field.GetValue(null)).OfType<DiagnosticDescriptor>()
        .OrderBy(descriptor => descriptor.Code, StringComparer.Ordinal)]);

    /// <summary>Every descriptor, ordered by code.</summary>
    public static IReadOnlyList<DiagnosticDescriptor> All => Table.Value;
}
