using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary>Codes of 4 bits, made and packed on the device and written to a weight on the host.</summary>
internal static class Mxfp4Codes
{
    /// <summary>Codes of some values, a byte each.</summary>
    /// <param name="units">E2M1 values in units of their blocks' scales, float32.</param>
    public static Tensor Of(Tensor units)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor magnitude = units.abs();
        // Codes 0 to 4 are twice the value, 3 and 4 have 5 and 6, 6 has 7; there is no negative zero.
        Tensor code = where(magnitude <= HeldScalars.Two, magnitude * HeldScalars.Two,
            where(magnitude <= HeldScalars.Four, magnitude.Plus(HeldScalars.Two), magnitude.Plus(HeldScalars.One)));
        return code.Plus((units < HeldScalars.Zero).to(ScalarType.Float32).Times(8)).to(ScalarType.Byte).MoveToOuterDisposeScope();
    }

    /// <summary>Packs codes of adjacent rows, two per byte, the even column in the low half.</summary>
    /// <param name="codes">A byte each, [rows, columns]; an even number of columns, those beyond the weight's own are left out.</param>
    /// <param name="packed">Receives them.</param>
    /// <param name="firstRow">Where they begin.</param>
    public static void Write(Tensor codes, PackedWeight packed, int firstRow)
    {
        using DisposeScope scope = NewDisposeScope();
        int rowBytes = Mxfp4.CodeBytes(packed.Columns);
        Tensor pairs = codes.narrow(1, 0, 2 * rowBytes).reshape(codes.shape[0], rowBytes, 2);
        TensorSpace.CopyToHost(pairs.select(2, 0).Plus(pairs.select(2, 1).Times(16)),
            packed.Codes.AsSpan(firstRow * rowBytes, (int)codes.shape[0] * rowBytes));
    }

    /// <summary>Writes scales of adjacent rows.</summary>
    /// <param name="scales">E8M0 bytes as indices, [rows, blocks, 1] int32.</param>
    /// <param name="packed">Receives them.</param>
    /// <param name="firstRow">Where they begin.</param>
    public static void WriteScales(Tensor scales, PackedWeight packed, int firstRow)
    {
        int blocks = Mxfp4.Blocks(packed.Columns);
        using Tensor bytes = scales.to(ScalarType.Byte);
        TensorSpace.CopyToHost(bytes, packed.Scales.AsSpan(firstRow * blocks, (int)scales.shape[0] * blocks));
    }
}
