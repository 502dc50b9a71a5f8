using System.Text;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>Files that builds and publishers put beside an artifact's own, and by what one knows them.</summary>
internal static class CompanionFiles
{
    /// <summary>The statement of what an artifact was made of.</summary>
    public const string Statement = "provenance.intoto.json";

    /// <summary>The statement, signed.</summary>
    public const string Envelope = "provenance.dsse.json";

    /// <summary>When and where a build ran.</summary>
    public const string Run = "provenance.run.json";

    /// <summary>Checksums of all files.</summary>
    public const string Sums = "SHA256SUMS";

    /// <summary>Whether a file is one of them by its name and by what is in it.</summary>
    public static bool Is(string path) => MarkOf(Path.GetFileName(path)) is { } mark && AtomicFile.TryRead(path) is { } content
        && (mark.Length > 0 ? content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(mark)) >= 0 : ArtifactQuality.Parse(content) is not null);

    /// <summary>What such a file contains; empty for one that is read as a whole, null for another file.</summary>
    private static string? MarkOf(string name) => name switch
    {
        ArtifactQuality.FileName => "",
        Statement => "\"predicateType\"",
        Envelope => "\"payloadType\"",
        Run => "\"invocationId\"",
        Sums => $"  {ArtifactFolder.DescriptorName}\n",
        _ => null,
    };
}
