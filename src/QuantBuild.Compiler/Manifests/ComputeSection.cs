using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>The arithmetic of a build. Nothing of it is detected: the bytes of results depend on it.</summary>
/// <param name="Model">What runs the model: conditioning, trajectories, evaluation, decoding.</param>
/// <param name="Layers">What works on layers: low-rank branches, rounding, clip search, measurement.</param>
internal sealed record ComputeSection(ComputeBackend Model, ComputeBackend Layers)
{
    /// <summary>Everything on the CPU.</summary>
    public static ComputeSection Default { get; } = new(ComputeBackend.Cpu, ComputeBackend.Cpu);

    /// <summary>The device of a backend that has a choice.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Cpu;

    /// <summary>The element type of a backend that has a choice.</summary>
    public ComputeDType DType { get; init; } = ComputeDType.BFloat16;

    /// <summary>Place of <see cref="Model"/>, or of the section.</summary>
    public SourceSpan ModelSpan { get; init; }

    /// <summary>Place of <see cref="Layers"/>, or of the section.</summary>
    public SourceSpan LayersSpan { get; init; }

    /// <summary>Place of <see cref="Device"/>; null when the manifest does not set it.</summary>
    public SourceSpan? DeviceSpan { get; init; }

    /// <summary>Place of <see cref="DType"/>; null when the manifest does not set it.</summary>
    public SourceSpan? DTypeSpan { get; init; }
}
