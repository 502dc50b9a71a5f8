namespace QuantBuild.Benchmarks;

/// <summary>
/// libtorch, for comparison only: the fairest yardstick on processors whose bfloat16 instructions nothing else here uses. The program of
/// <c>tests/QuantBuild.Torch.Benchmarks</c> brings it; this one, which everybody builds, has none.
/// </summary>
/// <param name="Name">Its version and what its products are made of.</param>
/// <param name="Float32">Makes one product of tokens [tokens, in] with a weight [out, in], as a linear layer, in float32.</param>
/// <param name="BFloat16">The same with activations, weight and result in bfloat16.</param>
internal sealed record Libtorch(string Name, Func<float[], float[], Settings, Action> Float32,
    Func<float[], float[], Settings, Action> BFloat16)
{
    /// <summary>Starts it with a number of threads; null where it cannot be loaded.</summary>
    public static Func<int, Libtorch>? Loader { get; set; }

    /// <summary>It, with a number of threads; null where there is none.</summary>
    public static Libtorch? TryLoad(int threads) => Loader?.Invoke(threads);
}
