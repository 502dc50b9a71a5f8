namespace QuantBuild.Torch;

/// <summary>Element type of weights and of the inputs of products; sums, norms and the residual stream are float32 always.</summary>
public enum TorchPrecision
{
    /// <summary>bfloat16: as checkpoints store weights, and what tensor cores and AMX multiply fastest.</summary>
    BFloat16,

    /// <summary>float32, for comparisons.</summary>
    Float32,
}
