using System.Text.Encodings.Web;
using System.Text.Json;

namespace QuantBuild.Compiler.Clusters;

/// <summary>A file that a scheduler, or a person, reads.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">Its text.</param>
internal sealed record ClusterFile(string Name, string Text)
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A string of YAML, which any of JSON is.</summary>
    public static string YamlString(string text) => JsonSerializer.Serialize(text, Plain);
}
