using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Work;

/// <summary>A weight's spectrum, as the Spectrum stage stores it.</summary>
/// <param name="Spectrum">The spectrum.</param>
internal sealed record SpectrumResult(WeightSpectrum Spectrum)
{
    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new()
    {
        ["singular"] = new JsonArray([.. Spectrum.Singular.Select(value => (JsonNode)value)]),
        ["energy"] = Spectrum.Energy,
        ["rest"] = Spectrum.Rest,
    };

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static SpectrumResult FromJson(JsonObject json) => new(new WeightSpectrum(
        [.. json.Member("singular").Items().Select(value => value.Number())], json.Member("energy").Number(),
        json.Member("rest").Number()));
}
