namespace QuantBuild.Compiler.Manifests;

/// <summary>How a layer is stored and computed.</summary>
internal enum Precision
{
    /// <summary>4-bit weights and activations.</summary>
    W4A4,

    /// <summary>4-bit weights, activations untouched.</summary>
    W4A16,

    /// <summary>The source tensor, bit for bit.</summary>
    BF16,
}
