using QuantBuild.Matrices;

namespace QuantBuild.Models;

/// <summary>A linear layer, y = x W^T + bias, whatever its weight is stored as.</summary>
/// <remarks>Immutable once made: several threads may apply one instance at the same time.</remarks>
public interface ILinear
{
    /// <summary>Columns of the weight: channels of the input.</summary>
    int InFeatures { get; }

    /// <summary>Rows of the weight: channels of the output.</summary>
    int OutFeatures { get; }

    /// <summary>Computes the layer for a batch of tokens.</summary>
    /// <param name="x">Input, [tokens, <see cref="InFeatures"/>].</param>
    /// <param name="y">Output, [tokens, <see cref="OutFeatures"/>]; must not overlap <paramref name="x"/>.</param>
    /// <param name="timestep">The integer timestep of the forward pass; a quantized layer takes its bin's settings by it.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between blocks of the product; <paramref name="y"/> is then half made.</param>
    /// <exception cref="ArgumentException">The shapes do not fit the layer.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    void Apply(ReadOnlyMatrixView x, MatrixView y, int timestep, int threads, CancellationToken ct = default);
}
