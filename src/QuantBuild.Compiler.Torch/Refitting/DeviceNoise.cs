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
        diagonal.copy_(diagonal.to(ScalarType.Float64) + ridge);
    }

    /// <summary><c>H = G U G + N</c>, [in, in].</summary>
    public Tensor Hessian()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hessian = Second * Gain.unsqueeze(1);
        hessian.mul_(Gain.unsqueeze(0));
        hessian.diagonal().add_(Variance);
        return hessian.MoveToOuterDisposeScope();
    }
}
