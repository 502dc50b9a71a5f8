using System.Collections.Immutable;

namespace QuantBuild.Compiler.Hub;

/// <summary>Where the Hub wants a large file. The addresses are secrets of their own: who knows one may write to it.</summary>
/// <param name="Upload">For a single request the address of the content, for parts that of the completion.</param>
/// <param name="Headers">Headers for a single request.</param>
/// <param name="Verify">Asked after the upload; null when the server does not want to be.</param>
/// <param name="PartSize">Bytes per part; 0 for a single request.</param>
/// <param name="Parts">Addresses of the parts, in order.</param>
internal sealed record LfsAction(Uri Upload, ImmutableArray<KeyValuePair<string, string>> Headers, Uri? Verify, long PartSize,
    ImmutableArray<Uri> Parts)
{
    /// <summary>Whether the file goes in parts.</summary>
    public bool InParts => PartSize > 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Parts.Length} parts of {PartSize} bytes";
}
