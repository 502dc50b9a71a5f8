using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Quantizers;

namespace QuantBuild.Compiler.Work;

/// <summary>Output errors of a layer on its recorded tokens, per bin and method.</summary>
/// <param name="Bins">The bins, in the expert's order.</param>
internal sealed record LayerErrors(ImmutableArray<LayerErrors.Bin> Bins)
{
    /// <summary>The compared methods.</summary>
    public static ImmutableArray<string> Methods => LadderErrors.Methods;

    /// <summary>Errors in a bin.</summary>
    /// <param name="Tokens">Tokens that were measured.</param>
    /// <param name="Sums">Sums of every method, in the order of <see cref="Methods"/>; all have one reference.</param>
    public sealed record Bin(long Tokens, ImmutableArray<ErrorSums> Sums)
    {
        /// <summary>Sums of the recipe.</summary>
        public ErrorSums Recipe => Sums[^1];

        /// <summary>Squared norm of the full-precision output.</summary>
        public double Reference => Sums[0].Reference;
    }

    /// <summary>Sums over all bins of every method, in the order of <see cref="Methods"/>.</summary>
    public ImmutableArray<ErrorSums> Totals() =>
        [.. Methods.Select((_, method) => Bins.Select(bin => bin.Sums[method]).Aggregate(new ErrorSums(0, 0, 0, 0), (a, b) => a + b))];

    /// <summary>The stored form.</summary>
    public JsonObject ToJson() => new() { ["bins"] = new JsonArray([.. Bins.Select(bin => (JsonNode)ToJson(bin))]) };

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static LayerErrors FromJson(JsonObject json) => new([.. json.Member("bins").Items().Select(bin => ReadBin(bin.Members()))]);

    private static JsonObject ToJson(Bin bin) => new()
    {
        ["tokens"] = bin.Tokens,
        ["reference"] = bin.Reference,
        ["methods"] = new JsonObject(Methods.Zip(bin.Sums, (method, sums) => KeyValuePair.Create(method, (JsonNode?)new JsonObject
        {
            ["error"] = sums.Difference,
            ["dot"] = sums.Product,
            ["norm"] = sums.Output,
        }))),
    };

    private static Bin ReadBin(JsonObject json)
    {
        double reference = json.Member("reference").Number();
        return new Bin(json.Member("tokens").Integer(), [.. Methods.Select(method => json.Member("methods").Member(method)).Select(sums =>
            new ErrorSums(reference, sums.Member("error").Number(), sums.Member("dot").Number(), sums.Member("norm").Number()))]);
    }
}
