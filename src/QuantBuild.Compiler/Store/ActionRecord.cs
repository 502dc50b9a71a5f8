using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace QuantBuild.Compiler.Store;

/// <summary>What an action produced, remembered under its key.</summary>
/// <param name="Key">Digest of everything that decides the outputs.</param>
/// <param name="Stage">Name of its stage, such as <c>Gptq</c>.</param>
/// <param name="Outputs">Its output blobs by name.</param>
/// <param name="Seconds">How long it ran.</param>
/// <param name="Tool">Version of the tool that ran it.</param>
/// <param name="Description">What the key was computed from, and anything else worth reading later.</param>
public sealed record ActionRecord(Digest Key, string Stage, IReadOnlyDictionary<string, BlobRef> Outputs, double Seconds, string Tool, JsonObject Description)
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
            if (JsonNode.Parse(json) is not JsonObject record || !record.Remove(Sum, out JsonNode? sum)
                || Digest.Parse(sum!.GetValue<string>()) != CanonicalJson.DigestOf(record)
                || record["format"]!.GetValue<int>() != Format || Digest.Parse(record["key"]!.GetValue<string>()) != key)
            {
                return null;
            }
            var outputs = ((JsonObject)record["outputs"]!).ToImmutableSortedDictionary(output => output.Key,
                output => new BlobRef(Digest.Parse(output.Value!["digest"]!.GetValue<string>()), output.Value["size"]!.GetValue<long>()),
                StringComparer.Ordinal);
            foreach ((string name, BlobRef blob) in outputs)
            {
                if (learn is not null && FastDigest.Parse(record["outputs"]![name]![Fast]?.GetValue<string>()) is { } known)
                    learn(blob.Digest, known);
            }
            return new ActionRecord(key, record["stage"]!.GetValue<string>(), outputs, record["seconds"]!.GetValue<double>(),
                record["tool"]!.GetValue<string>(), (JsonObject)record["description"]!.DeepClone());
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException
            or NullReferenceException or InvalidCastException or ArgumentException)
        {
            return null;
        }
    }
}
