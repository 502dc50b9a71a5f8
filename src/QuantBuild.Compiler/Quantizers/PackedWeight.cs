using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A weight in MXFP4: two E2M1 codes per byte, one E8M0 scale per 32 input channels.</summary>
/// <param name="Rows">Output channels.</param>
/// <param name="Columns">Input channels.</param>
/// <param name="Codes">[Rows, <see cref="Mxfp4.CodeBytes"/>(Columns)], even columns in the low nibble.</param>
/// <param name="Scales">[Rows, <see cref="Mxfp4.Blocks"/>(Columns)].</param>
internal sealed record PackedWeight(int Rows, int Columns, byte[] Codes, byte[] Scales)
{
    /// <summary>A weight of zeros to be filled in.</summary>
    public static PackedWeight Empty(int rows, int columns) =>
        new(rows, columns, new byte[(long)rows * Mxfp4.CodeBytes(columns)], new byte[(long)rows * Mxfp4.Blocks(columns)]);

    /// <summary>Sets the scales of adjacent rows to those of a weight, by the floor rule.</summary>
    internal void ScaleRows(ReadOnlyMatrixView rows, int firstRow)
    {
        int blocks = Mxfp4.Blocks(Columns);
        Mxfp4.BlockScales(rows, ScaleRule.Floor, Scales.AsSpan(firstRow * blocks, rows.Rows * blocks));
    }

    /// <summary>Sets the scales of adjacent rows to those of a weight, by <see cref="ExponentChoice"/>.</summary>
    internal void ScaleRows(ReadOnlyMatrixView rows, int firstRow, ReadOnlySpan<float> importance, TieRule ties)
    {
        int blocks = Mxfp4.Blocks(Columns);
        ExponentChoice.Of(rows, importance, ties, Scales.AsSpan(firstRow * blocks, rows.Rows * blocks));
    }

    /// <summary>Decodes adjacent rows.</summary>
    /// <param name="firstRow">First row to decode.</param>
    /// <param name="destination">Receives as many rows as it has, [rows, Columns].</param>
    public void Dequantize(int firstRow, MatrixView destination)
    {
        int codeBytes = Mxfp4.CodeBytes(Columns), blocks = Mxfp4.Blocks(Columns);
        Mxfp4.Dequantize(Codes.AsSpan(firstRow * codeBytes, destination.Rows * codeBytes),
            Scales.AsSpan(firstRow * blocks, destination.Rows * blocks), destination);
    }

    /// <summary>Unpacks adjacent rows for integer products.</summary>
    /// <param name="firstRow">First row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="panels">Receives them.</param>
    /// <param name="threads">Threads to use.</param>
    public void Unpack(int firstRow, int rows, Mxfp4Panels panels, int threads = 1)
    {
        int codeBytes = Mxfp4.CodeBytes(Columns), blocks = Mxfp4.Blocks(Columns);
        panels.Load(Codes.AsSpan(firstRow * codeBytes, rows * codeBytes), Scales.AsSpan(firstRow * blocks, rows * blocks), rows, threads);
    }

    /// <summary>Decodes the whole weight, [Rows, Columns].</summary>
    public float[] Dequantize()
    {
        var values = new float[(long)Rows * Columns];
        Dequantize(0, new MatrixView(values, Rows, Columns));
        return values;
    }
}
