using QuantBuild.Formats;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>Decodes MXFP4 weights on the device. Every value is exact in bfloat16: one mantissa bit times a power of two.</summary>
internal static class Mxfp4Weights
{
    // Codes decoded at once: their indices and float32 values are eight times as large as a bfloat16 weight.
    private const int ElementsAtOnce = 1 << 22;

    /// <summary>Decodes a weight.</summary>
    /// <param name="codes">E2M1 codes, [rows, bytes of a row], two per byte.</param>
    /// <param name="scales">E8M0 bytes, [rows, blocks].</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="target">Receives the values, [rows, columns], of any float type.</param>
    public static void Decode(ReadOnlySpan<byte> codes, ReadOnlySpan<byte> scales, Mxfp4Tables tables, Tensor target)
    {
        int columns = (int)target.shape[1];
        ForRows(codes, scales, (int)target.shape[0], columns, target.device, tables, (first, units, scale) =>
            Put(target, first, units, scale, tables));
    }

    /// <summary>Decodes a weight whose codes are on the device.</summary>
    /// <param name="codes">The same codes, uint8.</param>
    /// <param name="scales">The same scales, uint8.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="target">Receives the values, [rows, columns], of any float type.</param>
    public static void Decode(Tensor codes, Tensor scales, Mxfp4Tables tables, Tensor target)
    {
        (int rows, int columns) = ((int)target.shape[0], (int)target.shape[1]);
        int blocks = Mxfp4.Blocks(columns), atOnce = RowsAtOnce(rows, columns);
        for (int first = 0; first < rows; first += atOnce)
        {
            int count = Math.Min(atOnce, rows - first);
            using DisposeScope scope = NewDisposeScope();
            Put(target, first,
                Units(codes.narrow(0, first, count).to(ScalarType.Int32), tables).view(count, blocks, Mxfp4.BlockSize),
                scales.narrow(0, first, count).to(ScalarType.Int32).view(count, blocks, 1), tables);
        }
    }

    /// <summary>Unpacks a weight some rows at a time.</summary>
    /// <param name="codes">E2M1 codes, [rows, bytes of a row], two per byte.</param>
    /// <param name="scales">E8M0 bytes, [rows, blocks].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="device">Where to.</param>
    /// <param name="tables">The tables of the device.</param>
    /// <param name="work">
    /// Given the first row, values in units of their blocks' scales, [some rows, blocks, 32] float32, and scales as indices, [some rows,
    /// blocks, 1] int32; both are gone when it returns.
    /// </param>
    public static void ForRows(ReadOnlySpan<byte> codes, ReadOnlySpan<byte> scales, int rows, int columns, Device device,
        Mxfp4Tables tables,
        Action<int, Tensor, Tensor> work)
    {
        int codeBytes = Mxfp4.CodeBytes(columns), blocks = Mxfp4.Blocks(columns), atOnce = RowsAtOnce(rows, columns);
        for (int first = 0; first < rows; first += atOnce)
        {
            int count = Math.Min(atOnce, rows - first);
            using DisposeScope scope = NewDisposeScope();
            work(first,
                Units(Bytes(codes.Slice(first * codeBytes, count * codeBytes), device), tables).view(count, blocks, Mxfp4.BlockSize),
                Bytes(scales.Slice(first * blocks, count * blocks), device).view(count, blocks, 1));
        }
    }

    private static int RowsAtOnce(int rows, int columns) => Math.Clamp(ElementsAtOnce / columns, 1, rows);

    private static void Put(Tensor target, int first, Tensor units, Tensor scale, Mxfp4Tables tables)
    {
        Tensor values = units * tables.Scales.index_select(0, scale.view(-1)).view(scale.shape);
        target.narrow(0, first, units.shape[0]).copy_(values.view(units.shape[0], -1).narrow(1, 0, target.shape[1]));
    }

    /// <summary>The values of packed codes, even column in the low half of a byte.</summary>
    private static Tensor Units(Tensor packed, Mxfp4Tables tables) =>
        tables.Codes.index_select(0, stack([packed.bitwise_and(15), packed.bitwise_right_shift(4)], -1).view(-1));

    private static Tensor Bytes(ReadOnlySpan<byte> bytes, Device device)
    {
        Tensor host = empty([bytes.Length], dtype: ScalarType.Byte);
        bytes.CopyTo(host.bytes);
        return host.to(device).to(ScalarType.Int32);
    }
}
