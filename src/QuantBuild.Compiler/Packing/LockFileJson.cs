using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Packing;

/// <summary>The lock file as JSON. Experts, layers and files are objects by name, so that a line of a textual difference tells its place.</summary>
internal static class LockFileJson
{
    public static JsonObject ToJson(LockFile value)
    {
        JsonObject json = Content(value);
        if (value.Source is { } source)
            json["source"] = new JsonObject { ["reference"] = source.Reference.ToString(), ["commit"] = source.Commit };
        return json;
    }

    private static JsonObject Content(LockFile value) => new()
    {
        ["format"] = LockFile.Format,
        ["tool"] = value.Tool,
        ["numericProfile"] = value.NumericProfile,
        ["plan"] = value.Plan.ToString(),
        ["calibration"] = new JsonArray([.. value.Calibration.Select(digest => (JsonNode)digest.ToString())]),
        ["experts"] = Named(value.Experts, expert => expert.Name, expert => new JsonObject
        {
            ["checkpoint"] = expert.Checkpoint.ToString(),
            ["layers"] = Named(expert.Layers, layer => layer.Name, layer => new JsonObject
            {
                ["recipe"] = layer.Recipe.DeepClone(),
                ["outputs"] = Named(layer.Outputs, output => output.Key, output => output.Value.ToString()),
            }),
            ["files"] = Named(expert.Files, file => file.Path, file => new JsonObject
            {
                ["sha256"] = file.Content.Digest.ToString(),
                ["size"] = file.Content.Size,
            }),
        }),
    };

    /// <exception cref="DiagnosticException">The text is no lock file of a known format.</exception>
    public static LockFile Parse(byte[] json, string path)
    {
        try
        {
            JsonObject root = JsonNode.Parse(WithoutByteOrderMark(json), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false })!.AsObject();
            int format = root["format"]!.GetValue<int>();
            if (format != LockFile.Format)
                throw Invalid(path, 0, $"it has format {format}, this tool knows {LockFile.Format}", null);
            return new LockFile(Text(root["tool"]), Text(root["numericProfile"]), DigestIn(root["plan"]),
                [.. root["calibration"]!.AsArray().Select(DigestIn)],
                [.. root["experts"]!.AsObject().Select(entry => Expert(entry.Key, entry.Value!))],
                root["source"] is { } source ? new LockedSource(HubReference.Parse(Text(source["reference"])), Text(source["commit"])) : null);
        }
        catch (JsonException failure)
        {
            throw Invalid(path, (int)(failure.LineNumber ?? -1) + 1, failure.Message, failure);
        }
        catch (Exception failure) when (failure is DiagnosticException { Diagnostics: [{ Descriptor.Code: "QB5020" }] } or FormatException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw Invalid(path, 0, "a value is missing or has another type than it should", failure);
        }
    }

    /// <summary>The text of the file, without a byte order mark, which JSON must not have and editors write.</summary>
    public static ReadOnlySpan<byte> WithoutByteOrderMark(ReadOnlySpan<byte> file) => file.StartsWith(Encoding.UTF8.Preamble) ? file[Encoding.UTF8.Preamble.Length..] : file;

    private static LockedExpert Expert(string name, JsonNode expert) => new(name, DigestIn(expert["checkpoint"]),
        [.. expert["layers"]!.AsObject().Select(layer => new LockedLayer(layer.Key, (JsonObject)layer.Value!["recipe"]!.DeepClone(),
            layer.Value["outputs"]!.AsObject().ToImmutableSortedDictionary(output => output.Key, output => DigestIn(output.Value), StringComparer.Ordinal)))],
        [.. expert["files"]!.AsObject().Select(file => new PackedFile(file.Key,
            new BlobRef(DigestIn(file.Value!["sha256"]), file.Value["size"]!.GetValue<long>())))]);

    private static JsonObject Named<T>(IEnumerable<T> items, Func<T, string> name, Func<T, JsonNode?> value) =>
        new(items.Select(item => KeyValuePair.Create(name(item), value(item))));

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static Digest DigestIn(JsonNode? node) => Digest.Parse(Text(node));

    private static DiagnosticException Invalid(string path, int line, string why, Exception? cause) =>
        new(Descriptors.LockFileInvalid.At(new SourceSpan(path, line, line > 0 ? 1 : 0), why), cause);
}
