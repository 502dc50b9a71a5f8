using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Layers;

/// <summary>Sums of one method's outputs beside the layer's own, over portions of tokens.</summary>
internal struct OutputSums
{
    private ErrorSums _sums;

    /// <summary>Adds a portion.</summary>
    /// <param name="reference">The layer's outputs without bias, [tokens, out].</param>
    /// <param name="main">Those of the main branch; taken over.</param>
    /// <param name="branch">Those of the low-rank branch; null for none.</param>
    public void Add(Tensor reference, Tensor main, Tensor? branch)
    {
        using Tensor output = branch is null ? main : main.Accumulate(branch);
        using Tensor difference = reference - output;
        _sums += new ErrorSums(SquareSums.Of(reference), SquareSums.Of(difference), SquareSums.Dot(reference, output),
            SquareSums.Of(output));
    }

    /// <summary>The sums.</summary>
    /// <exception cref="NumericException">An output overflowed.</exception>
    public readonly ErrorSums Finish()
    {
        FiniteTensor.Sum(_sums.Reference + _sums.Difference + _sums.Product + _sums.Output);
        return _sums;
    }
}
