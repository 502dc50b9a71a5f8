using QuantBuild.Models.Wan;
using QuantBuild.Torch;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>Attention of a video's tokens to each other, as the denoiser asks for it.</summary>
internal static class AttentionRow
{
    public static void Run(Measuring measuring)
    {
        using TorchRuntime runtime = measuring.Open(TorchPrecision.BFloat16);
        using TensorWork work = runtime.Space.Begin();
        WanConfig expert = measuring.Sizes.Expert;
        int tokens = measuring.Sizes.Tokens;
        Tensor q = Heads(), k = Heads(), v = Heads();
        double seconds = measuring.Seconds(() =>
        {
            using DisposeScope scope = NewDisposeScope();
            nn.functional.scaled_dot_product_attention(q, k, v);
        });
        measuring.Report($"self-attention, {expert.NumHeads} heads of {expert.HeadDim}",
            4.0 * tokens * tokens * expert.Dim / seconds / 1e12,
            "TFLOP/s", $"{tokens} tokens, {seconds * 1e3:G4} ms");

        Tensor Heads() => randn([1, expert.NumHeads, tokens, expert.HeadDim], ScalarType.Float32, runtime.Space.Device)
            .to(ScalarType.BFloat16);
    }
}
