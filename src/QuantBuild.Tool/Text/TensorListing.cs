using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Store;
using QuantBuild.Pickles;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tool.Text;

/// <summary>What a safetensors or .pth file says of itself.</summary>
/// <param name="File">Its path, relative to what was asked for.</param>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Tensors">Its tensors in the order of their data.</param>
internal sealed record TensorListing(string File, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<TensorInfo> Tensors)
{
    private const string IndexEnding = ".safetensors.index.json";

    /// <summary>What the file is.</summary>
    public FileIdentity Identity => FileIdentity.Of(Path.GetFileName(File),
        Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal));

    /// <summary>Size of its tensors.</summary>
    public long Bytes => Tensors.Sum(tensor => tensor.ByteLength);

    /// <summary>
    /// Lists a file, or every file in and below a folder; indices of sharded checkpoints are checked against their shards.
    /// </summary>
    /// <exception cref="DiagnosticException">There is nothing to list, or a file cannot be read or breaks the format.</exception>
    public static IReadOnlyList<TensorListing> Read(string path)
    {
        try
        {
            if (!Directory.Exists(path))
                return [Of(path, Path.GetFileName(path))];
            foreach (string index in Directory.EnumerateFiles(path, "*" + IndexEnding, SearchOption.AllDirectories))
                ShardedCheckpoint.Open(Path.GetDirectoryName(index)!, Path.GetFileName(index)[..^IndexEnding.Length]).Dispose();
            string[] files = [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                .Where(file => Path.GetExtension(file) is ".safetensors" or ".pth").Order(StringComparer.Ordinal)];
            return files.Length > 0
                ? [.. files.Select(file => Of(file, Path.GetRelativePath(path, file)))]
                : throw new DiagnosticException(Descriptors.InvalidCheckpoint.At(null, path, "it has no safetensors files",
                    "MissingCheckpoint"));
        }
        catch (SafeTensorsException failure)
        {
            throw new DiagnosticException(Descriptors.InvalidCheckpoint.At(null, path, failure.Message, failure.Rule), failure);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }

    /// <summary>The listing as JSON.</summary>
    public JsonObject ToJson() => new()
    {
        ["file"] = File,
        ["bytes"] = Bytes,
        ["identity"] = new JsonObject
        {
            ["model"] = Identity.Model, ["names"] = Identity.Names, ["weights"] = Identity.Weights, ["expert"] = Identity.Expert,
        },
        ["metadata"] = new JsonObject(Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        ["tensors"] = new JsonArray([.. Tensors.Select(tensor => new JsonObject
        {
            ["name"] = tensor.Name,
            ["dtype"] = tensor.DType.ToString(),
            ["shape"] = new JsonArray([.. tensor.Shape.Select(dimension => (JsonNode?)dimension)]),
            ["bytes"] = tensor.ByteLength,
        })]),
    };

    private static TensorListing Of(string path, string name)
    {
        using SafeTensorsFile file = PthFile.IsArchive(path) ? PthFile.Open(path) : SafeTensorsFile.Open(path);
        return new TensorListing(name, file.Metadata,
            [.. file.Tensors.Values.OrderBy(tensor => tensor.Begin).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)]);
    }
}
