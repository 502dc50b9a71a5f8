using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Rounding;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Refitting;

/// <summary><see cref="NoiseFilter"/> on the device: <c>T = P G^-1 - P (N G^-1) H^-1</c> for <c>H = M D M^T</c>.</summary>
/// <param name="noise">G and N.</param>
/// <param name="factor">M and D.</param>
/// <param name="order">Where the channels of M lie in the weight, [in] int64; null for the same places.</param>
internal sealed class DeviceFilter(DeviceNoise noise, DampedFactor factor, Tensor? order)
{
    /// <summary>Rows at once.</summary>
    public const long AtOnce = 1024;

    /// <summary>P becomes T.</summary>
    /// <param name="rows">[rows, in] float32.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>The rows.</returns>
    public Tensor Apply(Tensor rows, CancellationToken ct)
    {
        if (noise.IsNone)
            return rows;
        using DisposeScope whole = NewDisposeScope();
        Tensor pivots = factor.Pivots.to(ScalarType.Float32), upper = factor.Unit, lower = upper.t();
        for (long first = 0; first < rows.shape[0]; first += AtOnce)
        {
            ct.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            Tensor p = rows.narrow(0, first, Math.Min(AtOnce, rows.shape[0] - first)), b = p * noise.Pull;
            if (order is not null)
                b = b.index_select(1, order);
            // z M^T = b, and then y M = z / D.
            Tensor z = linalg.solve_triangular(lower, b, upper: false, left: false, unitriangular: true);
            Tensor y = linalg.solve_triangular(upper, z / pivots, upper: true, left: false, unitriangular: true);
            if (order is not null)
                y = empty_like(y).index_copy_(1, order, y);
            p.copy_((p / noise.Gain) - y);
        }
        return rows;
    }
}
