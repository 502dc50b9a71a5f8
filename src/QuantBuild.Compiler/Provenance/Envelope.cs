using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Provenance;

/// <summary>A signed statement: a DSSE envelope (v1) around the statement's bytes.</summary>
/// <param name="Statement">The statement's bytes.</param>
/// <param name="KeyId">SHA-256 of the public key in DER form; a hint which key to try: anybody can write it, so it is never shown.</param>
/// <param name="Signature">Signature over <see cref="SignedBytes"/>.</param>
internal sealed record Envelope(byte[] Statement, string KeyId, byte[] Signature)
{
    /// <summary>Name of the file beside <c>artifact.json</c>.</summary>
    public const string FileName = CompanionFiles.Envelope;

    private const string PayloadType = "application/vnd.in-toto+json";

    /// <summary>What is signed: type and content, each after its length, so that neither can be taken for the other (DSSE's PAE).</summary>
    public static byte[] SignedBytes(ReadOnlySpan<byte> statement) =>
    [
        .. Encoding.UTF8
            .GetBytes(string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {PayloadType.Length} {PayloadType} {statement.Length} ")),
        .. statement,
    ];

    /// <summary>The envelope's bytes.</summary>
    public byte[] ToJson() => CanonicalJson.SerializeIndented(new JsonObject
    {
        ["payloadType"] = PayloadType,
        ["payload"] = Convert.ToBase64String(Statement),
        ["signatures"] = new JsonArray(new JsonObject { ["keyid"] = KeyId, ["sig"] = Convert.ToBase64String(Signature) }),
    });

    /// <summary>Reads an envelope. Its signature is not checked by that.</summary>
    /// <exception cref="DiagnosticException">It cannot be understood (QB5041).</exception>
    public static Envelope Parse(byte[] json, string path)
    {
        try
        {
            JsonNode root = CheckedNodes.Parse(json);
            if (root.Member("payloadType").Text() != PayloadType)
                throw new MalformedJsonException("the envelope holds something else");
            JsonNode? signature = root.Member("signatures").Only();
            return new Envelope(root.Member("payload").Base64(), signature.Find("keyid")?.Text() ?? "", signature.Member("sig").Base64());
        }
        catch (MalformedJsonException failure)
        {
            throw new DiagnosticException(Descriptors.ProvenanceInvalid.At(new SourceSpan(path),
                $"the envelope has not the form of DSSE: {failure.Message}"), failure);
        }
    }
}
