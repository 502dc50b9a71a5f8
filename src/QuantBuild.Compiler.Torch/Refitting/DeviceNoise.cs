using QuantBuild.Compiler.Quantizers;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Refitting;

/// <summary><see cref="RoundingNoise"/> on the device.</summary>
/// <param name="Second">U, [in, in] float32.</param>
/// <param name="Gain">g, [in] float32.</param>
/// <param name="Variance">nu, [in] float32.</param>
/// <param name="IsNone">Whether there is no noise and every gain is 1.</param>
internal sealed record DeviceNoise(Tensor Second, Tensor Gain, Tensor Variance, bool IsNone)
{
    // Less of the largest energy than float32 products resolve.
    private const double Least = 1e-9;

    /// <summary>nu / g, [in]: the shrinkage of a channel.</summary>
    public Tensor Pull { get; } = Variance / Gain;

    /// <summary>Brings gains and noise to their matrix.</summary>
    /// <param name="second">U; gets the ridge later.</param>
    /// <param name="noise">The others.</param>
    /// <param name="space">The device.</param>
    public static DeviceNoise Of(Tensor second, RoundingNoise noise, TensorSpace space) => new(second,
        space.Of(noise.Gain, noise.Gain.Length), space.Of(noise.Variance, noise.Variance.Length), noise.IsNone);

    /// <summary>Adds to the diagonal of U.</summary>
    public void AddRidge(double ridge)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor diagonal = Second.diagonal();
        diagonal.copy_(diagonal.to(ScalarType.Float64).Plus(ridge));
    }

    /// <summary>The same without a part of the directions of a branch, as <see cref="RefitHessian"/> leaves them to it.</summary>
    /// <param name="down">A, [rank, in] float32.</param>
    public DeviceNoise Without(Tensor down)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor products = down.mm(Second).to(ScalarType.Float64);
        (Tensor energies, Tensor vectors) = linalg.eigh(products.mm(down.t().to(ScalarType.Float64)));
        Tensor roots = where(energies > energies.max().Times(Least), energies.AtLeast(double.Epsilon).rsqrt(), zeros_like(energies));
        Tensor directions = (vectors * roots).t().mm(products).to(ScalarType.Float32);
        return this with { Second = Second.addmm(directions.t(), directions, beta: 1, alpha: (float)-RefitHessian.Part)
            .MoveToOuterDisposeScope() };
    }

    /// <summary>The diagonal of H, [in].</summary>
    public Tensor Diagonal() => (Second.diagonal() * Gain).mul_(Gain).Accumulate(Variance);

    /// <summary><c>H = G U G + N</c>, [in, in].</summary>
    public Tensor Hessian()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hessian = Second * Gain.unsqueeze(1);
        hessian.mul_(Gain.unsqueeze(0));
        hessian.diagonal().Accumulate(Variance);
        return hessian.MoveToOuterDisposeScope();
    }
}
