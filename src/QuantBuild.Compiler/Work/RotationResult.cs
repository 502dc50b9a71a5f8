using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Work;

/// <summary>Whether a layer is rotated, as the Rotate stage stores it.</summary>
/// <param name="Rotation">The choice.</param>
/// <param name="Errors">What it was made by.</param>
internal sealed record RotationResult(Rotation Rotation, RotationErrors Errors)
{
    /// <summary>The choice that errors make.</summary>
    public static RotationResult Of(RotationErrors errors) =>
        new(errors.FavourRotation ? Rotation.Hadamard32 : Rotation.None, errors);

    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new()
    {
        ["rotation"] = RecipeNames.AppliedRotation.NameOf(Rotation),
        ["plain"] = Errors.Plain,
        ["rotated"] = Errors.Rotated,
    };

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RotationResult FromJson(JsonObject json) => new(
        RecipeNames.AppliedRotation.Find(json.Member("rotation").Text()) ?? throw JsonNodeFields.Wrong(json.Find("rotation"), "a rotation"),
        new RotationErrors(json.Member("plain").Number(), json.Member("rotated").Number()));
}
