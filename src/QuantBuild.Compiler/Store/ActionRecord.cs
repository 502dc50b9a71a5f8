using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Store;

/// <summary>What an action produced, remembered under its key.</summary>
/// <param name="Key">Digest of everything that decides the outputs.</param>
/// <param name="Stage">Name of its stage, such as <c>Gptq</c>.</param>
/// <param name="Outputs">Its output blobs by name.</param>
/// <param name="Seconds">How long it ran.</param>
/// <param name="Tool">Version of the tool that ran it.</param>
/// <param name="Description">What the key was computed from, and anything else worth reading later.</param>
internal sealed record ActionRecord(Digest Key, string Stage, IReadOnlyDictionary<string, BlobRef> Outputs, double Seconds, string Tool,
    JsonObject Description)
{
    private const int Format = 1;
    private const string Sum = "sum";
    private const string Fast = "xxh128";

    /// <summary>The record as a file, closed by a checksum over everything before.</summary>
    /// <param name="fast">The fast digest of a blob; null when it is not known.</param>
    internal byte[] ToJson(Func<Digest, FastDigest?> fast)
    {
        var outputs = new JsonObject();
        foreach ((string name, BlobRef blob) in Outputs)
        {
            var output = new JsonObject { ["digest"] = blob.Digest.ToString(), ["size"] = blob.Size };
            if (fast(blob.Digest) is { } known)
                output.Add(Fast, known.ToString());
            outputs.Add(name, output);
        }
        var record = new JsonObject
        {
            ["format"] = Format,
            ["key"] = Key.ToString(),
            ["stage"] = Stage,
            ["outputs"] = outputs,
            ["seconds"] = double.IsFinite(Seconds) ? Seconds : 0,
            ["tool"] = Tool,
            ["description"] = Description.DeepClone(),
        };
        record.Add(Sum, CanonicalJson.DigestOf(record).ToString());
        return CanonicalJson.Serialize(record);
    }

    /// <summary>Reads a record; null when it is damaged, of another format or of another key.</summary>
    /// <param name="json">The file.</param>
    /// <param name="key">The key that it must have.</param>
    /// <param name="learn">Told of the fast digests in it, which records of older versions lack; null for nobody.</param>
    internal static ActionRecord? Parse(ReadOnlySpan<byte> json, Digest key, Action<Digest, FastDigest>? learn = null)
    {
        try
        {
            JsonObject record = CheckedNodes.Parse(json).Members();
            if (!record.Remove(Sum, out JsonNode? sum) || sum.Digest() != CanonicalJson.DigestOf(record)
                || record.Member("format").Integer() != Format || record.Member("key").Digest() != key)
            {
                return null;
            }
            var outputs = record.Member("outputs").Members().ToImmutableSortedDictionary(output => output.Key,
                output => new BlobRef(output.Value.Member("digest").Digest(), output.Value.Member("size").Size()), StringComparer.Ordinal);
            foreach ((string name, BlobRef blob) in outputs)
            {
                if (learn is not null
                    && FastDigest.Parse((record.Member("outputs").Member(name).Find(Fast) as JsonValue)?.ToString()) is { } known)
                    learn(blob.Digest, known);
            }
            return new ActionRecord(key, record.Member("stage").Text(), outputs, record.Member("seconds").Number(),
                record.Member("tool").Text(), (JsonObject)record.Member("description").Members().DeepClone());
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }
}
