using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Torch;
using QuantBuild.Torch.Tests.Measuring;
using QuantBuild.Torch.Wan;

namespace QuantBuild.DeviceTable.Inputs;

/// <summary>Experts of random weights on a device, and what they are asked.</summary>
internal static class Experts
{
    private const int TextSeed = 2;
    private const int TextTokens = 64;

    /// <summary>An expert in full precision.</summary>
    public static IDenoiser Full(TorchRuntime runtime, WanConfig config) => runtime.Open(config, new MadeUpExpert(config));

    /// <summary>An expert whose blocks' linear layers have 4 bits, in the tier that the runtime takes.</summary>
    public static IDenoiser Quantized(TorchRuntime runtime, WanConfig config, int rank)
    {
        var layers = new MadeUpLayers(rank);
        var source = new MadeUpExpert(config);
        return new TorchDenoiser(WanParameters.Load(new WanLoader(config, source, runtime.Space, WeightStorage.Resident, (name, _) =>
        {
            IReadOnlyList<long> shape = source.Tensors[name + ".weight"].Shape;
            return runtime.Quantized(layers.Of((int)shape[0], (int)shape[1]), WeightStorage.Resident);
        })), runtime.Space);
    }

    /// <summary>A prediction for a made-up latent.</summary>
    public static float[] Predict(IDenoiser denoiser, WanConfig config, LatentShape shape)
    {
        float[] latent = RandomValues.Normal(config.OutDim * shape.Volume, 1), velocity = new float[latent.Length];
        int text = Math.Min(TextTokens, config.TextLen);
        var conditioning = new WanConditioning(RandomValues.Normal(text * config.TextDim, TextSeed), text,
            RandomValues.Normal(config.ConditionDim * shape.Volume, 3));
        denoiser.Predict(shape, latent, 500, conditioning, velocity);
        return velocity;
    }
}
