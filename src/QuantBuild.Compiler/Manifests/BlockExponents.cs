using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>How the exponent of a weight's block follows from its 32 values.</summary>
internal enum BlockExponents
{
    /// <summary>From the largest magnitude, by the floor rule.</summary>
    [JsonStringEnumMemberName("floor")]
    Floor,

    /// <summary>That, one more or one less, by the least error of the rounded block, channels weighted by the Hessian's diagonal.</summary>
    [JsonStringEnumMemberName("error")]
    Error,
}
