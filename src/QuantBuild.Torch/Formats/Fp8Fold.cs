using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>MXFP4 rows as e4m3 values with one power of two per row, so that FP8 tensor cores multiply them without error.</summary>
/// <remarks>
/// <para>
/// E2M1 times 2^k is exact in e4m3 for k from -8 (0.5 2^-8 is its least subnormal) to 6 (6 2^6 = 384; 448 is its largest). With E the
/// largest exponent of a row's blocks that have a value, block b is stored as <c>v 2^(e_b - E + 6)</c> and the row's scale is <c>2^(E -
/// 6)</c>. Rows whose exponents lie within 14 octaves always fit; others fit where their values happen to.
/// </para>
/// <para>A block of zeros takes no part: its scale says nothing.</para>
/// </remarks>
internal static class Fp8Fold
{
    /// <summary>The exponent that a row's largest blocks get.</summary>
    public const int TopExponent = 6;

    /// <summary>Octaves that exponents of a row may span.</summary>
    public const int Span = 14;

    /// <summary>torch's number of float8_e4m3fn, which TorchSharp has no name for.</summary>
    public const ScalarType E4M3 = (ScalarType)24;

    private const int Bias = 127;

    /// <summary>Folded rows.</summary>
    /// <param name="Values">[rows, columns] in e4m3, padding included.</param>
    /// <param name="Scales">[rows, 1] float32, powers of two.</param>
    /// <param name="Fits">[rows] bool: whether the row is exact.</param>
    public readonly record struct Rows(Tensor Values, Tensor Scales, Tensor Fits);

    /// <summary>Folds blocks.</summary>
    /// <param name="units">E2M1 values, [rows, blocks, 32] float32.</param>
    /// <param name="scales">E8M0 bytes as indices, [rows, blocks, 1] int32.</param>
    /// <param name="tables">The tables of the device.</param>
    public static Rows Fold(Tensor units, Tensor scales, Mxfp4Tables tables)
    {
        long rows = units.shape[0];
        Tensor empty = units.abs().amax([-1], keepdim: true) == HeldScalars.Zero;
        Tensor top = scales.masked_fill(empty, HeldScalars.Zero).amax([1], keepdim: true);
        // A difference below the table's first entry would not fit in any case: the sum of both clamps shows as a value that is not exact.
        Tensor shift = (scales - top).Plus(TopExponent + Bias).Between(0, TopExponent + Bias).Masked(empty, Bias);
        Tensor wanted = units * tables.Scales.index_select(0, shift.view(-1)).view(shift.shape);
        Tensor values = wanted.to(E4M3);
        Tensor exact = (values.to(ScalarType.Float32) == wanted).view(rows, -1).all(1, keepdim: false);
        // 2^(E - 6), and what is below the least scale is not exact.
        Tensor row = top.Plus(-TopExponent).Between(0, 254);
        exact = exact.logical_and(top.IsAtLeast(TopExponent).logical_or(empty.all(1, keepdim: true)).view(-1));
        return new Rows(values.view(rows, -1), tables.Scales.index_select(0, row.view(-1)).view(rows, 1), exact);
    }

    /// <summary>The float32 values that folded rows stand for.</summary>
    public static Tensor Unfold(Rows rows) => rows.Values.to(ScalarType.Float32) * rows.Scales;

    /// <summary>Rows that are not exact.</summary>
    public static long Misfits(Rows rows)
    {
        using Tensor fitting = rows.Fits.sum();
        return rows.Fits.shape[0] - fitting.item<long>();
    }
}
