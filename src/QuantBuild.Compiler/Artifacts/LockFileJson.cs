using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>
/// The lock file as JSON. Experts, layers and files are objects by name, so that a line of a textual difference tells its place.
/// </summary>
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
        ["profiles"] = value.Profiles.ToJson(),
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
            JsonObject root = CheckedNodes.Parse(WithoutByteOrderMark(json)).Members();
            int format = root.Member("format").Integer();
            if (format != LockFile.Format)
                throw Invalid(path, 0, $"it has format {format}, of another version of QuantBuild; this one knows {LockFile.Format}", null);
            var found = new LockFile(root.Member("tool").Text(), ProfileNames.FromJson(root.Member("profiles")), root.Member("plan")
                .Digest(),
                [.. root.Member("calibration").Items().Select(digest => digest.Digest())],
                [.. root.Member("experts").Members().Select(entry => Expert(entry.Key, entry.Value))],
                root.Find("source") is { } source
                    ? new LockedSource(HubReference.Parse(source.Member("reference").Text()), source.Member("commit").Text())
                    : null);
            return FileSizes.AreSummable(found.Experts.SelectMany(expert => expert.Files).Select(file => file.Content.Size))
                ? found : throw new MalformedJsonException("the sizes of its files add up to more than any disk has");
        }
        catch (MalformedJsonException failure)
        {
            throw Invalid(path, failure.Line, failure.Message, failure);
        }
        catch (DiagnosticException failure) when (failure.Diagnostics is [{ Descriptor.Code: "QB5020" }])
        {
            throw Invalid(path, 0, "source.reference names no repository", failure);
        }
    }

    /// <summary>The text of the file, without a byte order mark, which JSON must not have and editors write.</summary>
    public static ReadOnlySpan<byte> WithoutByteOrderMark(ReadOnlySpan<byte> file) =>
        file.StartsWith(Encoding.UTF8.Preamble) ? file[Encoding.UTF8.Preamble.Length..] : file;

    private static LockedExpert Expert(string name, JsonNode? expert) => new(name, expert.Member("checkpoint").Digest(),
        [.. expert.Member("layers").Members()
            .Select(layer => new LockedLayer(layer.Key, (JsonObject)layer.Value.Member("recipe").Members().DeepClone(),
            layer.Value.Member("outputs").Members()
                .ToImmutableSortedDictionary(output => output.Key, output => output.Value.Digest(), StringComparer.Ordinal)))],
        [.. expert.Member("files").Members().Select(file => new PackedFile(file.Key,
            new BlobRef(file.Value.Member("sha256").Digest(), file.Value.Member("size").Size())))]);

    private static JsonObject Named<T>(IEnumerable<T> items, Func<T, string> name, Func<T, JsonNode?> value) =>
        new(items.Select(item => KeyValuePair.Create(name(item), value(item))));

    private static DiagnosticException Invalid(string path, int line, string why, Exception? cause) =>
        new(Descriptors.LockFileInvalid.At(new SourceSpan(path, line, line > 0 ? 1 : 0), why), cause);
}
