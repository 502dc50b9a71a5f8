using System.Text.Json.Serialization;

namespace QuantBuild.Sampling;

/// <summary>The solvers to choose from.</summary>
public enum SolverKind
{
    /// <summary><see cref="UniPcSolver"/>.</summary>
    [JsonStringEnumMemberName("unipc")]
    UniPc,

    /// <summary><see cref="EulerSolver"/>.</summary>
    [JsonStringEnumMemberName("euler")]
    Euler,

    /// <summary>Consistency sampling, for models distilled to a few steps.</summary>
    [JsonStringEnumMemberName("lcm")]
    Lcm,
}
