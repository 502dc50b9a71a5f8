using System.Reflection;

namespace QuantBuild.Torch.Tests;

/// <summary>Runtimes on the processor, one for each precision, and the artifact that the tests share.</summary>
internal static class Runtimes
{
    public const int Threads = 2;

    private static readonly Lazy<TorchRuntime> LazyFloat32 = new(() => Open(TorchPrecision.Float32));
    private static readonly Lazy<TorchRuntime> LazyBFloat16 = new(() => Open(TorchPrecision.BFloat16));
    private static readonly Lazy<TorchRuntime> LazyFp8 = new(() => Open(TorchPrecision.BFloat16, fp8: true));

    public static TorchRuntime Float32 => LazyFloat32.Value;

    public static TorchRuntime BFloat16 => LazyBFloat16.Value;

    public static TorchRuntime Fp8 => LazyFp8.Value;

    public static TorchRuntime Of(TorchPrecision precision) => precision == TorchPrecision.Float32 ? Float32 : BFloat16;

    public static ModelArtifact OpenArtifact() => ModelArtifact.Open(typeof(Runtimes).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "TinyWanArtifact").Value!);

    private static TorchRuntime Open(TorchPrecision precision, bool? fp8 = null) =>
        TorchRuntime.Open(new TorchOptions { Precision = precision, Threads = Threads, Fp8 = fp8 });
}
