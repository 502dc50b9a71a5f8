using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Actions;

/// <summary>Outputs of actions by name.</summary>
internal static class Outputs
{
    /// <summary>A single output.</summary>
    public static IReadOnlyDictionary<string, BlobRef> Of(string name, BlobRef blob) =>
        new Dictionary<string, BlobRef>(StringComparer.Ordinal) { [name] = blob };

    /// <summary>Two outputs.</summary>
    public static IReadOnlyDictionary<string, BlobRef> Of(string name, BlobRef blob, string otherName, BlobRef other) =>
        new Dictionary<string, BlobRef>(StringComparer.Ordinal) { [name] = blob, [otherName] = other };
}
