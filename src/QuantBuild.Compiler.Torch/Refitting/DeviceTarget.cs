using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Rounding;
using QuantBuild.Compiler.Torch.Tensors;
using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Refitting;

/// <summary>
/// <see cref="BranchTarget"/> on the device: what GPTQ rounds for a branch that is fitted again, and its factored Hessian.
/// </summary>
internal sealed class DeviceTarget
{
    private readonly Tensor _order, _diagonal;
    private readonly DampedFactor _factor;
    private readonly DeviceNoise _noise;
    private readonly DeviceFilter _filter;
    private readonly WeightRecipe _recipe;
    private readonly TieRule _ties;
    private readonly Mxfp4Tables _tables;

    private DeviceTarget(DeviceNoise noise, DampedFactor factor, Tensor order, Tensor diagonal, WeightRecipe recipe, TieRule ties,
        Mxfp4Tables tables)
    {
        (_noise, _factor, _order, _diagonal, _recipe, _ties, _tables) = (noise, factor, order, diagonal, recipe, ties, tables);
        _filter = new DeviceFilter(noise, factor, order);
    }

    /// <summary>Factors <c>H = G U' G + N</c>; null when no damping helps.</summary>
    /// <param name="noise">U with its ridge, G and N.</param>
    /// <param name="down">A, [rank, in] float32, whose directions U' lacks; null for none.</param>
    /// <param name="order">The channels in the order of the walk, [in] int64.</param>
    /// <param name="recipe">Order and exponents.</param>
    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="ct">Ends the work between tries.</param>
    public static DeviceTarget? TryCreate(DeviceNoise noise, Tensor? down, Tensor order, WeightRecipe recipe, TieRule ties,
        Mxfp4Tables tables, CancellationToken ct)
    {
        (Tensor reversed, Tensor diagonal) = Hessian(noise, down, order);
        return DampedFactor.TryCreate(reversed, damp: 0, ct) is { } factor
            ? new DeviceTarget(noise, factor, order, diagonal, recipe, ties, tables)
            : null;
    }

    /// <summary>H in the reverse of the order, and its diagonal in that of the channels; what it is made of is gone.</summary>
    private static (Tensor Reversed, Tensor Diagonal) Hessian(DeviceNoise noise, Tensor? down, Tensor order)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hessian;
        using (DisposeScope inner = NewDisposeScope())
            hessian = (down is null ? noise : noise.Without(down)).Hessian().MoveToOuterDisposeScope();
        return (DampedFactor.Reversed(hessian, order).MoveToOuterDisposeScope(),
            hessian.diagonal().clone().MoveToOuterDisposeScope());
    }

    /// <summary>Rounds T of some rows; exponents are those of <c>P G^-1</c>.</summary>
    /// <param name="weight">W, [rows, in] float32.</param>
    /// <param name="up">B, [rows, rank] float32; null for none.</param>
    /// <param name="down">A, [rank, in].</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>Codes and scales; null when feedback overflowed.</returns>
    public PackedWeight? Round(Tensor weight, Tensor? up, Tensor? down, CancellationToken ct)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = weight.clone();
        if (up is not null)
            values.addmm_(up, down!, beta: 1, alpha: -1);
        PackedWeight rounded = PackedWeight.Empty((int)weight.shape[0], (int)weight.shape[1]);
        Tensor scales = WeightRounding.Scales(values / _noise.Gain, _recipe.Exponents == BlockExponents.Error ? _diagonal : null, _ties,
            _tables, rounded);
        double energy = ColumnSweep.Run(_filter.Apply(values, ct), _order, _factor, scales, _ties, _tables, rounded, ct);
        return double.IsFinite(energy) ? rounded : null;
    }
}
