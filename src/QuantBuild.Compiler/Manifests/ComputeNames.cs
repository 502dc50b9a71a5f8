namespace QuantBuild.Compiler.Manifests;

/// <summary>How the choices of <c>compute</c> are spelled in a manifest.</summary>
internal static class ComputeNames
{
    /// <summary>Values of <c>model</c> and <c>layers</c>.</summary>
    public static NamedValues<ComputeBackend> Backend { get; } = new(("cpu", ComputeBackend.Cpu), ("torch", ComputeBackend.Torch));

    /// <summary>Values of <c>device</c>.</summary>
    public static NamedValues<ComputeDevice> Device { get; } = new(("cpu", ComputeDevice.Cpu), ("cuda", ComputeDevice.Cuda));

    /// <summary>Values of <c>dtype</c>.</summary>
    public static NamedValues<ComputeDType> DType { get; } =
        new(("bf16", ComputeDType.BFloat16), ("float32", ComputeDType.Float32));
}
