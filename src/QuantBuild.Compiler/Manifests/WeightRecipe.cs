namespace QuantBuild.Compiler.Manifests;

/// <summary>Rounding of the residual weights.</summary>
/// <param name="Method">GPTQ or round-to-nearest.</param>
/// <param name="Damp">Damping added to the Hessian's diagonal, as a fraction of its mean.</param>
/// <param name="BlockSize">Columns per lazy update of GPTQ: a matter of speed, on which no bit of the result depends.</param>
internal sealed record WeightRecipe(WeightMethod Method, double Damp, int BlockSize);
