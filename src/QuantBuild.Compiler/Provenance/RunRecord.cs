using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>When and where a statement was made: what two equal builds do not share, and nobody signs.</summary>
/// <param name="Id">A new id for each run.</param>
/// <param name="Started">Begin of the run.</param>
/// <param name="Finished">End of the run.</param>
/// <param name="Executed">Actions that ran.</param>
/// <param name="Actions">All actions; the others came from the store.</param>
internal sealed record RunRecord(Guid Id, DateTimeOffset Started, DateTimeOffset Finished, int Executed, int Actions)
{
    /// <summary>Name of the file beside <c>artifact.json</c>.</summary>
    public const string FileName = CompanionFiles.Run;

    /// <summary>The record's bytes. The machine is described by its kind, never by its name or paths.</summary>
    /// <param name="statement">Bytes of the statement that the run belongs to.</param>
    public byte[] ToJson(ReadOnlySpan<byte> statement) => CanonicalJson.SerializeIndented(new JsonObject
    {
        ["statement"] = ProvenanceStatement.Sha256(Digest.Of(statement)),
        ["invocationId"] = Id.ToString(),
        ["startedOn"] = Time(Started),
        ["finishedOn"] = Time(Finished),
        ["actions"] = new JsonObject { ["executed"] = Executed, ["all"] = Actions },
        ["system"] = $"{RuntimeInformation.RuntimeIdentifier} {RuntimeInformation.FrameworkDescription}",
        ["processors"] = Environment.ProcessorCount,
    });

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
