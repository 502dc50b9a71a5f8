using System.Globalization;
using QuantBuild.Compiler.Quantizers;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Tensors;

/// <summary>Checks that stand where data enters the device and where an overflow would leave it.</summary>
internal static class FiniteTensor
{
    /// <summary>Throws at the first element, row by row, that is NaN or infinite.</summary>
    /// <param name="quantity">What the values are, for the message.</param>
    /// <param name="matrix">[rows, channels].</param>
    /// <exception cref="NumericException">There is one.</exception>
    public static void Check(string quantity, Tensor matrix)
    {
        foreach ((long first, long count) in RowChunks.Of(matrix.shape[0], matrix.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor part = matrix.narrow(0, first, count), finite = part.isfinite();
            if (finite.all().item<bool>())
                continue;
            long at = finite.logical_not().view(-1).nonzero()[0].item<long>(), channels = matrix.shape[1];
            throw new NumericException(quantity,
                string.Create(CultureInfo.InvariantCulture, $"row {first + (at / channels)}, channel {at % channels}"),
                part[at / channels, at % channels].item<float>());
        }
    }

    /// <summary>Refuses a sum of outputs that overflowed.</summary>
    /// <exception cref="NumericException">It did.</exception>
    public static double Sum(double value) =>
        double.IsFinite(value) ? value : throw new NumericException("layer output", "some token and channel", float.NaN);
}
