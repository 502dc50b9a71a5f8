namespace QuantBuild.Formats;

/// <summary>How the exponent of a block's power-of-two scale follows from the block's largest magnitude <c>a</c>.</summary>
internal enum ScaleRule
{
    /// <summary><c>floor(log2 a) - 2</c>, the OCP rule: the largest elements may saturate. Used for weights.</summary>
    Floor,

    /// <summary><c>ceil(log2(a / 6))</c>: the smallest scale at which nothing saturates. Used for activations.</summary>
    Ceil,
}
