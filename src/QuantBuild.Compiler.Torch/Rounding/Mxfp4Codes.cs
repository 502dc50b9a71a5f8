using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Rounding;

/// <summary>Values in units of their blocks' scales as codes of 4 bits, packed on the device and written to a weight on the host.</summary>
internal static class Mxfp4Codes
{
    /// <summary>Writes some codes.</summary>
    /// <param name="units">E2M1 values, [rows, columns] float32, of whole blocks of 32 columns.</param>
    /// <param name="packed">Receives their codes; columns beyond its own are left out.</param>
    /// <param name="firstRow">Where they begin.</param>
    /// <param name="firstColumn">Where they begin; even.</param>
    public static void Write(Tensor units, PackedWeight packed, int firstRow, int firstColumn)
    {
        using DisposeScope scope = NewDisposeScope();
        int rows = (int)units.shape[0], rowBytes = Mxfp4.CodeBytes(packed.Columns), first = firstColumn / 2;
        int count = Math.Min((int)units.shape[1] / 2, rowBytes - first);
        Tensor magnitude = units.abs();
        // Codes 0 to 4 are twice the value, 3 and 4 have 5 and 6, 6 has 7; there is no negative zero.
        Tensor code = where(magnitude <= 2, magnitude * 2, where(magnitude <= 4, magnitude + 2, magnitude + 1))
            + ((units < 0).to(ScalarType.Float32) * 8);
        Tensor pairs = code.view(rows, -1, 2);
        Tensor bytes = (pairs.select(2, 0) + (pairs.select(2, 1) * 16)).to(ScalarType.Byte).narrow(1, 0, count);
        var host = new byte[(long)rows * count];
        TensorSpace.CopyToHost(bytes, host);
        for (int row = 0; row < rows; row++)
            host.AsSpan(row * count, count).CopyTo(packed.Codes.AsSpan(((firstRow + row) * rowBytes) + first, count));
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
