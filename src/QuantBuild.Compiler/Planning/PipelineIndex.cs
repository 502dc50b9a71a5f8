using System.Text.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Planning;

/// <summary>What a Diffusers checkpoint's <c>model_index.json</c> says about the pipeline.</summary>
public static class PipelineIndex
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "model_index.json";

    /// <summary>The fraction of 1000 at which the experts switch; null when there is no file, or it does not say.</summary>
    /// <param name="source">The checkpoint's folder.</param>
    /// <exception cref="InvalidDataException">The file is not a JSON object.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static double? BoundaryOf(string source)
    {
        string path = Path.Combine(source, FileName);
        if (!File.Exists(path))
            return null;
        byte[] bytes = File.ReadAllBytes(path);
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException("it is not a JSON object");
            return json.RootElement.TryGetProperty("boundary_ratio", out JsonElement boundary) && boundary.ValueKind == JsonValueKind.Number ? boundary.GetDouble() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException(ForeignFile.NotJson(bytes) ?? e.Message, e);
        }
    }
}
