namespace QuantBuild.SafeTensors;

/// <summary>One entry of a safetensors header.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="DType">Its element type.</param>
/// <param name="Shape">Its dimensions, outermost first; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the start of the data buffer.</param>
/// <param name="End">One past the last byte.</param>
public sealed record TensorInfo(string Name, DType DType, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Size of the tensor's data in bytes.</summary>
    public long ByteLength => End - Begin;

    /// <summary>Number of elements.</summary>
    /// <remarks>Of a tensor without elements the other dimensions may be anything; their product need not fit.</remarks>
    public long ElementCount => Shape.Contains(0) ? 0 : Shape.Aggregate(1L, (product, dimension) => checked(product * dimension));
}
