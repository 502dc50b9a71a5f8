using System.Text.Json.Serialization;

namespace QuantBuild.Compiler.Manifests;

/// <summary>How residual weights are rounded.</summary>
internal enum WeightMethod
{
    /// <summary>GPTQ: rounding errors are fed back through the Hessian.</summary>
    [JsonStringEnumMemberName("gptq")]
    Gptq,

    /// <summary>Round to nearest.</summary>
    [JsonStringEnumMemberName("rtn")]
    Rtn,

    /// <summary>Branch and weights in turns, under the noise that the rounded input brings.</summary>
    [JsonStringEnumMemberName("refit")]
    Refit,
}
