using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Compute;

/// <summary>A layer's data, read when a step first asks for it: the checkpoint's, and what earlier steps stored.</summary>
/// <remarks>What a step made is not handed to the next one but read back, so that a result never depends on what ran before.</remarks>
internal interface ILayerData
{
    /// <summary>The layer.</summary>
    LayerSpec Layer { get; }

    /// <summary>Has its weight, [out, in], under <see cref="LayerSpec.WeightName"/>: F32, F16 or BF16.</summary>
    ITensorSource Weights { get; }

    /// <summary>The smoothing vector, [in]; empty for none.</summary>
    float[] Scale { get; }

    /// <summary>What happens to the input after smoothing.</summary>
    Rotation Rotation { get; }

    /// <summary>Its input as recorded.</summary>
    IRecordedTokens Tokens { get; }

    /// <summary>The low-rank branch; null for none, or when it is not made yet.</summary>
    LowRankBranch? Branch { get; }

    /// <summary>The residual in 4 bits.</summary>
    /// <exception cref="InvalidOperationException">It is not made yet.</exception>
    PackedWeight Packed { get; }
}
