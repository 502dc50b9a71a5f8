using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Actions;

/// <summary>What a key is the digest of.</summary>
/// <param name="Stage">Name of the stage.</param>
/// <param name="Version">Its algorithm version.</param>
/// <param name="Profile">Name of the arithmetic.</param>
/// <param name="Options">Resolved settings that the result depends on.</param>
/// <param name="Inputs">Digests of content by role.</param>
internal sealed record ActionDescription(string Stage, int Version, string Profile, JsonObject Options, JsonObject Inputs)
{
    /// <summary>The form that is hashed, and stored with what the action made.</summary>
    public JsonObject ToJson() => new()
    {
        ["stage"] = Stage,
        ["version"] = Version,
        ["profile"] = Profile,
        ["options"] = Options.DeepClone(),
        ["inputs"] = Inputs.DeepClone(),
    };

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ActionDescription FromJson(JsonObject json) => new(json.Member("stage").Text(), json.Member("version").Integer(),
        json.Member("profile").Text(), json.Member("options").Members(), json.Member("inputs").Members());
}
