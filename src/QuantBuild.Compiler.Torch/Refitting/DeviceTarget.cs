using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Rounding;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Refitting;

/// <summary><see cref="RefitTarget"/> on the device: what GPTQ rounds in every round, and the factored Hessian under which it does.</summary>
internal sealed class DeviceTarget
{
    private readonly Tensor _ofWeight, _order, _diagonal;
    private readonly DampedFactor _factor;
    private readonly DeviceNoise _noise;
    private readonly DeviceFilter _filter;
    private readonly WeightRecipe _recipe;
    private readonly TieRule _ties;
    private readonly Mxfp4Tables _tables;

    private DeviceTarget(Tensor weight, DeviceNoise noise, DampedFactor factor, Tensor order, Tensor diagonal, WeightRecipe recipe,
        TieRule ties, Mxfp4Tables tables, CancellationToken ct)
    {
        (_noise, _factor, _order, _diagonal, _recipe, _ties, _tables) = (noise, factor, order, diagonal, recipe, ties, tables);
        _filter = new DeviceFilter(noise, factor, order);
        _ofWeight = _filter.Apply(weight.clone(), ct);
    }

    /// <summary>Factors <c>H = G U G + N</c>; null when no damping helps.</summary>
    /// <param name="weight">W, [out, in] float32.</param>
    /// <param name="noise">U with its ridge, G and N.</param>
    /// <param name="recipe">Order and exponents.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="ct">Ends the work between tries.</param>
    public static DeviceTarget? TryCreate(Tensor weight, DeviceNoise noise, WeightRecipe recipe, TieRule ties, Mxfp4Tables tables,
        CancellationToken ct)
    {
        Tensor hessian = noise.Hessian(), diagonal = hessian.diagonal().clone(), order = TorchGptq.OrderOf(diagonal, recipe.Order);
        if (recipe.Order != WeightOrder.Channel)
            hessian = hessian.index_select(0, order).index_select(1, order);
        return DampedFactor.TryCreate(hessian, damp: 0, ct) is { } factor
            ? new DeviceTarget(weight, noise, factor, order, diagonal, recipe, ties, tables, ct)
            : null;
    }

    /// <summary>Rounds T for a branch.</summary>
    /// <param name="weight">W, [out, in] float32.</param>
    /// <param name="up">B, [out, rank] float32; null for none.</param>
    /// <param name="down">A, [rank, in].</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>Codes and scales, and the loss J; not finite when feedback overflowed.</returns>
    public (PackedWeight Rounded, double Loss) Round(Tensor weight, Tensor? up, Tensor? down, CancellationToken ct)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = _ofWeight.clone();
        if (up is not null)
            values.addmm_(up, _filter.Apply(down!.clone(), ct), beta: 1, alpha: -1);
        PackedWeight rounded = PackedWeight.Empty((int)weight.shape[0], (int)weight.shape[1]);
        Tensor scales = WeightRounding.Scales(values, _recipe.Exponents == BlockExponents.Error ? _diagonal : null, _ties, _tables,
            rounded);
        double loss = ColumnSweep.Run(values, _order, _factor, scales, _ties, _tables, rounded, ct);
        return (rounded, loss + (_noise.IsNone ? 0 : Constant(weight, up, down, values)));
    }

    /// <summary><c>sum T_ok P_ok nu_k / g_k</c>.</summary>
    private double Constant(Tensor weight, Tensor? up, Tensor? down, Tensor target)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor p = weight.clone();
        if (up is not null)
            p.addmm_(up, down!, beta: 1, alpha: -1);
        return SquareSums.Dot(p.mul_(_noise.Pull), target);
    }
}
