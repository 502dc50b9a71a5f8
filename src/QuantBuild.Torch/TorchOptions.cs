namespace QuantBuild.Torch;

/// <summary>What TorchSharp computes on, and how.</summary>
public sealed record TorchOptions
{
    /// <summary><c>cpu</c>, <c>cuda</c>, or one of several GPUs, such as <c>cuda:1</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Element type of weights and of the inputs of products.</summary>
    public TorchPrecision Precision { get; init; } = TorchPrecision.BFloat16;

    /// <summary>
    /// A folder with libtorch 2.10, such as <c>torch/lib</c> of a Python install; null for that of the environment variable
    /// <c>QUANTBUILD_TORCH</c>, or else what the app's packages brought.
    /// </summary>
    public string? LibraryFolder { get; init; }

    /// <summary>
    /// Folders of packages whose libraries are libtorch together: where no folder is named, by this or by the variable.
    /// </summary>
    internal IReadOnlyList<string> PackageFolders { get; init; } = [];

    /// <summary>
    /// Whether a libtorch of another version than TorchSharp was built for is tried: for measurements, which say which one it was.
    /// </summary>
    internal bool AcceptsOtherVersions { get; init; }

    /// <summary>
    /// Threads of products on the processor, for the whole process: results may depend on it, and it is part of the profile.
    /// </summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Whether 4-bit layers are multiplied as FP8: null for where a GPU has FP8 tensor cores, true for wherever libtorch has the product,
    /// which is slow elsewhere, false for nowhere.
    /// </summary>
    public bool? Fp8 { get; init; }
}
