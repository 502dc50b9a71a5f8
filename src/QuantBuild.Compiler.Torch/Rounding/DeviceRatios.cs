using System.Collections.Immutable;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary><see cref="RatioChoice"/> on the device: the candidate whose rounding costs the least, channels weighted.</summary>
/// <param name="recipe">Candidates and ties.</param>
/// <param name="importance">Squares of every channel's weights, [in] float64.</param>
/// <param name="tables">The tables of the device.</param>
internal sealed class DeviceRatios(ActivationRecipe recipe, Tensor importance, Mxfp4Tables tables)
{
    private readonly ImmutableArray<ActivationQuantizer> _candidates = RatioChoice.Candidates(recipe);
    private readonly double[] _errors = new double[RatioChoice.Candidates(recipe).Length];

    /// <summary>Whether there is more than one candidate, so that tokens are needed.</summary>
    public bool HasChoice => _candidates.Length > 1;

    /// <summary>The choice, after all tokens; of equal ones the ratio nearest to 1, then the offset nearest to 0.</summary>
    public ClipSetting Best => _candidates[Array.IndexOf(_errors, _errors.Min())].Clip;

    /// <summary>Squares of every channel's weights, [in] float64.</summary>
    /// <param name="weight">[rows, in] float32.</param>
    public static Tensor Importance(Tensor weight)
    {
        using DisposeScope scope = NewDisposeScope();
        return weight.Squared().sum([0L], type: ScalarType.Float64).MoveToOuterDisposeScope();
    }

    /// <summary>Adds tokens.</summary>
    /// <param name="u">The layer's input, [tokens, in] float32.</param>
    public void Add(Tensor u)
    {
        for (int i = 0; i < _errors.Length; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor difference = (u - TokenRounding.Of(u, _candidates[i].Clip, recipe.Ties, tables)).to(ScalarType.Float64);
            _errors[i] += (difference.Squared().sum([0L]) * importance).sum().item<double>();
        }
    }
}
