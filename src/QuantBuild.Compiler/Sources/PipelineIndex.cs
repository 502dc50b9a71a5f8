using System.Text.Json;
using QuantBuild.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Sources;

/// <summary>What a Diffusers checkpoint's <c>model_index.json</c> says about the pipeline.</summary>
internal static class PipelineIndex
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
        return File.Exists(path) ? Parse(File.ReadAllBytes(path)) : null;
    }

    /// <summary>Reads an index that is in memory.</summary>
    /// <exception cref="InvalidDataException">It is not a JSON object.</exception>
    internal static double? Parse(ReadOnlyMemory<byte> content)
    {
        try
        {
            using JsonDocument json = CheckedJson.Parse(content);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException("it is not a JSON object");
            return json.RootElement.TryGetProperty("boundary_ratio", out JsonElement boundary) && boundary.ValueKind == JsonValueKind.Number
                && boundary.TryGetDouble(out double fraction) && double.IsFinite(fraction) ? fraction : null;
        }
        catch (MalformedJsonException e)
        {
            throw new InvalidDataException(ForeignFile.NotJson(content.Span) ?? e.Message, e);
        }
    }
}
