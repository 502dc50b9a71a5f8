namespace QuantBuild.Models.Wan;

/// <summary>The parameters of one attention.</summary>
internal sealed record WanAttentionWeights(ILinear Q, ILinear K, ILinear V, ILinear O, float[] NormQ, float[] NormK);
