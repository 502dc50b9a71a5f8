using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Actions;

/// <summary>Names of the arithmetic of a build's stages, as locks, artifacts, reports and statements have them.</summary>
/// <param name="Model">That of the stages which run the model.</param>
/// <param name="Layers">That of the stages which work on one layer.</param>
internal sealed record ProfileNames(string Model, string Layers)
{
    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="MalformedJsonException">It is something else.</exception>
    public static ProfileNames FromJson(JsonNode? json) => new(json.Member("model").Text(), json.Member("layers").Text());

    /// <summary>The names by group of stages.</summary>
    public JsonObject ToJson() => new() { ["model"] = Model, ["layers"] = Layers };

    /// <summary>One name where there is one arithmetic, else that of each group.</summary>
    public override string ToString() => Model == Layers ? Model : $"model {Model}, layers {Layers}";
}
