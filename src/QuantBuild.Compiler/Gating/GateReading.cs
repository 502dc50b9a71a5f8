using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Gating;

/// <summary>A measured value and the gate that it has to pass.</summary>
/// <param name="Gate">The gate.</param>
/// <param name="Expert">The layer's expert; null for a value of the whole model.</param>
/// <param name="Layer">The layer; null for a value of the whole model.</param>
/// <param name="Bin">The bin; null for a value over all bins.</param>
/// <param name="Value">What was measured.</param>
internal sealed record GateReading(Gate Gate, string? Expert, string? Layer, string? Bin, double Value)
{
    /// <summary>Whether the gate is not passed.</summary>
    public bool IsExceeded => Gate.IsExceededBy(Value);

    /// <summary>How bad the value is: larger is worse.</summary>
    public double Badness => Gate.Metric == GateMetric.Cosine ? -Value : Value;

    /// <summary>What was measured, for people.</summary>
    public string Subject => Layer is null ? "the model" : Bin is null ? $"{Expert} {Layer}" : $"{Expert} {Layer} in bin {Bin}";
}
