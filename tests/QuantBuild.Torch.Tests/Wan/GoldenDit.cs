using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests;
using QuantBuild.Tests.Models.Wan;

namespace QuantBuild.Torch.Tests.Wan;

/// <summary>Single forward passes of the official model.</summary>
internal static class GoldenDit
{
    public static SafeTensorsFile Open() => SafeTensorsFile.Open(TestData.Golden("dit.safetensors"));

    public static WanConditioning Conditioning(SafeTensorsFile golden) =>
        new(golden.ReadFloat32("context"), (int)golden.Tensors["context"].Shape[0], golden.ReadFloat32("y"));

    public static float[] Predict(IDenoiser denoiser, SafeTensorsFile golden, string expert, int timestep, ISiteObserver? observer = null)
    {
        var velocity = new float[16 * TinyWan.Shape.Volume];
        denoiser.Predict(TinyWan.Shape, golden.ReadFloat32($"{expert}.t{timestep}.x"), timestep, Conditioning(golden), velocity, observer);
        return velocity;
    }
}
