using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>How much of a layer's output energy the rounding of its weight costs, as seen through the Hessian.</summary>
internal static class ProxyLoss
{
    /// <summary><c>tr(E H E^T) / tr(W H W^T)</c> with E = W - Q; 0 when the denominator is 0.</summary>
    /// <param name="weight">W, [out, in], row-major.</param>
    /// <param name="rounded">Q.</param>
    /// <param name="hessian">H, [in, in], row-major, symmetric; only its lower triangle is read.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    public static double Of(ReadOnlyMatrixView weight, PackedWeight rounded, ReadOnlyMatrixView hessian, int threads = 1) =>
        HessianEnergy.Of(weight, hessian, threads) is var reference && reference != 0
        ? HessianEnergy.OfError(weight, rounded, hessian, threads) / reference
        : 0;
}
