using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Actions;

/// <summary>A result that was read, and the blob that it is.</summary>
/// <typeparam name="T">The result.</typeparam>
/// <param name="Blob">Its blob.</param>
/// <param name="Value">What it says.</param>
internal sealed record Stored<T>(BlobRef Blob, T Value);
