namespace QuantBuild.Benchmarks;

/// <summary>The benchmarks of whole layers and large products, by name.</summary>
internal static class ScaleCommand
{
    /// <summary>A benchmark; null when there is none of that name.</summary>
    public static Func<Settings, Figures>? Find(string name) => name switch
    {
        "gemm" => GemmScale.Run,
        "w4a4" => W4A4Scale.Run,
        "clip" => ClipScale.Run,
        "qdq" => QuantizeScale.Run,
        "layer" => LayerScale.Run,
        "refit" => RefitScale.Run,
        "threads" => ThreadsScale.Run,
        "tinywan" => TinyWanScale.Run,
        _ => null,
    };
}
