using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Inputs;
using QuantBuild.Compiler.Torch.Rounding;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Layers;

/// <summary>
/// <see cref="RotationChoice"/> on the device: the errors of some rows of a weight with and without a rotation, both from the same portions
/// of tokens.
/// </summary>
/// <param name="layer">The layer.</param>
/// <param name="tables">The tables of the device.</param>
internal sealed class DeviceRotation(LayerSpec layer, Mxfp4Tables tables)
{
    private TieRule Ties => layer.Recipe.Activations.Ties;

    /// <summary>Measures both.</summary>
    /// <param name="rows">Some rows of the smoothed weight without its branch, not rotated, [rows, in] float32.</param>
    /// <param name="weights">Has the smoothing vector and the transform.</param>
    /// <param name="tokens">The layer's input.</param>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    public RotationErrors Errors(Tensor rows, LayerWeights weights, LayerTokens tokens, IReadOnlyCollection<int> steps)
    {
        Tensor rotation = weights.Hadamard32(), turnedRows = rows.clone();
        LayerWeights.Rotate(turnedRows, rotation);
        Form plain = new(layer.Recipe.Activations, rows, tables), turned = new(layer.Recipe.Activations, turnedRows, tables);
        if (plain.Ratios.HasChoice)
        {
            tokens.ForPortions(steps, weights, (_, u) =>
            {
                plain.Ratios.Add(u);
                turned.Ratios.Add(LayerTokens.Rotated(u, rotation));
            });
        }
        (double error, double turnedError) = (0, 0);
        tokens.ForPortions(steps, weights, (_, u) =>
        {
            error += Error(u, plain);
            turnedError += Error(LayerTokens.Rotated(u, rotation), turned);
        });
        return new RotationErrors(FiniteTensor.Sum(error), FiniteTensor.Sum(turnedError));
    }

    /// <summary><c>||u P^T - Q(u) Q(P)^T||²</c> of a portion.</summary>
    private double Error(Tensor u, Form form)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rounded = TokenRounding.Of(u, form.Ratios.Best, Ties, tables);
        return SquareSums.Of(u.mm(form.Rows.t()) - rounded.mm(form.Rounded.t()));
    }

    /// <summary>The rows with or without the rotation, and the ratio that their input is rounded with.</summary>
    private sealed class Form(ActivationRecipe recipe, Tensor rows, Mxfp4Tables tables)
    {
        public Tensor Rows => rows;

        public Tensor Rounded { get; } = WeightRounding.InPlace(rows.clone(), recipe.Ties, tables);

        public DeviceRatios Ratios { get; } = new(recipe, DeviceRatios.Importance(rows), tables);
    }
}
