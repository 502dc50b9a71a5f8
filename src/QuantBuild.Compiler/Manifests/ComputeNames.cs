namespace QuantBuild.Compiler.Manifests;

/// <summary>How the choices of <c>compute</c> are spelled.</summary>
internal static class ComputeNames
{
    /// <summary>Values of <c>model</c> and <c>layers</c>.</summary>
    public static NamedValues<ComputeBackend> Backend { get; } = NamedValues.Of<ComputeBackend>();

    /// <summary>Values of <c>device</c>.</summary>
    public static NamedValues<ComputeDevice> Device { get; } = NamedValues.Of<ComputeDevice>();

    /// <summary>Values of <c>dtype</c>.</summary>
    public static NamedValues<ComputeDType> DType { get; } = NamedValues.Of<ComputeDType>();
}
