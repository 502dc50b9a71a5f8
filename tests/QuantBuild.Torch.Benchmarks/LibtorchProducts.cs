using QuantBuild.Benchmarks;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Benchmarks;

/// <summary>Linear layers of libtorch: float32 by MKL, bfloat16 by oneDNN, with AMX where the processor has it.</summary>
internal static class LibtorchProducts
{
    /// <summary>Starts it with a number of threads.</summary>
    public static Libtorch Load(int threads)
    {
        set_num_threads(threads);
        return new Libtorch($"libtorch {torch.__version__}", Float32, (x, w, s) => Make(x, w, s, ScalarType.BFloat16));
    }

    private static Action Float32(float[] x, float[] w, Settings s) => Make(x, w, s, ScalarType.Float32);

    private static Action Make(float[] x, float[] w, Settings s, ScalarType type)
    {
        Tensor tokens = tensor(x, [s.Tokens, s.Inputs]).to(type), weight = tensor(w, [s.Outputs, s.Inputs]).to(type);
        return () =>
        {
            using var grad = no_grad();
            using Tensor result = nn.functional.linear(tokens, weight);
        };
    }
}
