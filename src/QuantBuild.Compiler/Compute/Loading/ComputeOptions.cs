namespace QuantBuild.Compiler.Compute.Loading;

/// <summary>Where a command line says that backends find what they need.</summary>
internal sealed record ComputeOptions
{
    /// <summary>Nothing said.</summary>
    public static ComputeOptions Default { get; } = new();

    /// <summary>A folder with libtorch; null for what the environment, or else the model project's packages have.</summary>
    public string? Library { get; init; }

    /// <summary>Which of several devices; null for what the environment says, or else the first.</summary>
    public string? Device { get; init; }

    /// <summary>Bytes of the device's memory to use; null for most of what it has.</summary>
    public long? DeviceMemory { get; init; }

    /// <summary>The file with the model project's packages; null for that of the project whose folder has the manifest.</summary>
    public string? ProjectAssets { get; init; }
}
