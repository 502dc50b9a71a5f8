namespace QuantBuild.Compiler.Manifests;

/// <summary>How residual weights are rounded.</summary>
internal enum WeightMethod
{
    /// <summary>GPTQ: rounding errors are fed back through the Hessian.</summary>
    Gptq,

    /// <summary>Round to nearest.</summary>
    Rtn,
}
