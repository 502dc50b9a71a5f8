namespace QuantBuild.Sampling;

/// <summary>The solvers to choose from.</summary>
public enum SolverKind
{
    /// <summary><see cref="UniPcSolver"/>.</summary>
    UniPc,

    /// <summary><see cref="EulerSolver"/>.</summary>
    Euler,

    /// <summary>Consistency sampling, for models distilled to a few steps.</summary>
    Lcm,
}
