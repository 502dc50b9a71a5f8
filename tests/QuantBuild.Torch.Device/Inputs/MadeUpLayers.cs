using QuantBuild.Formats;
using QuantBuild.Models;

namespace QuantBuild.DeviceTable.Inputs;

/// <summary>
/// 4-bit layers of any size as a build makes them: codes of all values, exponents within a few octaves, a smoothing vector, a branch.
/// </summary>
/// <param name="rank">Rank of the branches.</param>
internal sealed class MadeUpLayers(int rank)
{
    private readonly Dictionary<(int, int), QuantizedLayer> _layers = [];

    /// <summary>A layer; all of one shape are the same.</summary>
    /// <param name="outputs">Output channels.</param>
    /// <param name="inputs">Input channels.</param>
    public QuantizedLayer Of(int outputs, int inputs)
    {
        if (!_layers.TryGetValue((outputs, inputs), out QuantizedLayer? layer))
            _layers.Add((outputs, inputs), layer = Make(outputs, inputs));
        return layer;
    }

    private QuantizedLayer Make(int outputs, int inputs)
    {
        var random = new Random(outputs + inputs);
        var codes = new byte[(long)outputs * Mxfp4.CodeBytes(inputs)];
        random.NextBytes(codes);
        var scales = new byte[(long)outputs * Mxfp4.Blocks(inputs)];
        random.NextBytes(scales);
        // E2M1 codes have a mean square of 8.6, so that outputs are about as large as inputs.
        int exponent = E8M0.One + (int)Math.Round(Math.Log2(1 / Math.Sqrt(8.6 * inputs)));
        for (int i = 0; i < scales.Length; i++)
            scales[i] = (byte)(exponent - (scales[i] % 4));
        return new QuantizedLayer
        {
            OutFeatures = outputs, InFeatures = inputs, Codes = codes, Scales = scales,
            Smooth = RandomValues.Positive(inputs, 1), Rank = rank, Bias = RandomValues.Normal(outputs, 2, 0.1),
            Down = RandomValues.Normal(rank * inputs, 3, 1 / Math.Sqrt(inputs)), Up = RandomValues.Normal(outputs * rank, 4, 0.1),
            Activations = new ActivationPolicy(TieRule.Even, [new ActivationSetting(0, 999, new ClipSetting(0.9f))]),
        };
    }
}
