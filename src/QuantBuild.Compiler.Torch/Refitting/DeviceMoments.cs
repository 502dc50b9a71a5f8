using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Refitting;

/// <summary>
/// Second moments of a layer's input u and of its rounded form q, as <see cref="InputMoments"/> has them: a float32 matrix, and sums per
/// channel in float64.
/// </summary>
/// <param name="channels">Input channels.</param>
/// <param name="models">Whether the moments are those of u, with a model of the noise; else they are those of q.</param>
/// <param name="device">Where they are.</param>
internal sealed class DeviceMoments(int channels, bool models, Device device) : IDisposable
{
    private readonly Tensor _second = zeros([channels, channels], dtype: ScalarType.Float32, device: device);
    private readonly Tensor _input = Sums(channels, device), _cross = Sums(channels, device), _rounded = Sums(channels, device);
    private long _tokens;

    /// <summary>Adds tokens.</summary>
    /// <param name="u">The input, [tokens, in] float32.</param>
    /// <param name="q">Its rounded form.</param>
    public void Add(Tensor u, Tensor q)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = models ? u : q;
        _second.addmm_(x.t(), x, beta: 1, alpha: 1);
        _tokens += u.shape[0];
        if (!models)
            return;
        Tensor exact = u.to(ScalarType.Float64), rounded = q.to(ScalarType.Float64);
        _input.Accumulate(exact.Squared().sum([0L]));
        _cross.Accumulate((exact * rounded).sum([0L]));
        _rounded.Accumulate(rounded.Squared().sum([0L]));
    }

    /// <summary>A copy of U, [in, in].</summary>
    /// <exception cref="NumericException">A sum overflowed.</exception>
    public Tensor Second()
    {
        FiniteTensor.Check("Hessian", _second);
        return _second.Over(Math.Max(1, _tokens));
    }

    /// <summary>Gains and noise; their matrix is empty.</summary>
    public RoundingNoise Noise() => RoundingNoise.Of([], OnHost(_input), OnHost(_cross), OnHost(_rounded), _tokens);

    /// <inheritdoc/>
    public void Dispose()
    {
        _second.Dispose();
        _input.Dispose();
        _cross.Dispose();
        _rounded.Dispose();
    }

    private static double[] OnHost(Tensor sums) => [.. sums.to(CPU).contiguous().data<double>()];

    private static Tensor Sums(int channels, Device device) => zeros([channels], dtype: ScalarType.Float64, device: device);
}
