using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.LinearAlgebra;

/// <summary>A few panels of outputs for a portion of tokens, to which roundings of those tokens are applied one after another.</summary>
/// <remarks>
/// Holds [panels, tokens, 32], panel after panel, so that what a kernel adds to stays together in the cache; outputs beyond the last row of
/// the weight stay 0.  The arithmetic is that of <see cref="Mxfp4Product"/>, one block after the other.
/// </remarks>
/// <param name="mostTokens">Most tokens of a portion.</param>
internal sealed unsafe class Mxfp4Slab(int mostTokens)
{
    /// <summary>Outputs of a slab.</summary>
    public const int Width = Panels * Mxfp4Panels.Width;

    private const int Panels = 4;

    private readonly AlignedArray<float> _outputs = new(mostTokens * Width);
    private int _tokens;
    private int _firstPanel;
    private int _panels;

    /// <summary>Everything held, zeros beyond the weight's last row included.</summary>
    public ReadOnlySpan<float> Values => Held;

    /// <summary>Takes outputs from a matrix.</summary>
    /// <param name="y">[tokens, out], rows contiguous.</param>
    /// <param name="first">First output, a multiple of <see cref="Width"/>.</param>
    public void Load(ReadOnlyMatrixView y, int first)
    {
        y.RequireDenseRows();
        ArgumentOutOfRangeException.ThrowIfNotEqual(first % Width, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(y.Rows * Width, _outputs.Length);
        _tokens = y.Rows;
        _firstPanel = first / Mxfp4Panels.Width;
        int outputs = Math.Min(Width, y.Columns - first);
        _panels = (outputs + Mxfp4Panels.Width - 1) / Mxfp4Panels.Width;
        Span<float> held = Held;
        held.Clear();
        for (int token = 0; token < y.Rows; token++)
        {
            ReadOnlySpan<float> row = y.Data.Slice((token * y.RowStride) + first, outputs);
            for (int o = 0; o < outputs; o += Mxfp4Panels.Width)
                row[o..Math.Min(o + Mxfp4Panels.Width, outputs)].CopyTo(held[((o * _tokens) + (token * Mxfp4Panels.Width))..]);
        }
    }

    /// <summary>Adds the product of all tokens with the weight's rows of this slab.</summary>
    public void Add(Mxfp4Tokens tokens, Mxfp4Panels weight)
    {
        for (int panel = 0; panel < _panels; panel++)
            Mxfp4Product.AddPanel(Mxfp4Product.Fastest, tokens, 0, _tokens, 0, tokens.Blocks, weight, _firstPanel + panel, Of(panel),
                Mxfp4Panels.Width);
    }

    /// <summary>Adds the product of some tokens' blocks with the weight's rows of this slab.</summary>
    public void Add(Mxfp4Changes changes, Mxfp4Panels weight) => Add(Mxfp4Product.Fastest, changes, weight);

    internal void Add(Mxfp4Path path, Mxfp4Changes changes, Mxfp4Panels weight)
    {
        if (path == Mxfp4Path.Avx512)
            Add<Mxfp4Kernel512>(changes, weight);
        else if (path == Mxfp4Path.AvxVnni)
            Add<Mxfp4KernelVnni>(changes, weight);
        else if (path == Mxfp4Path.Avx2)
            Add<Mxfp4Kernel256>(changes, weight);
        else
            Add<Mxfp4KernelScalar>(changes, weight);
    }

    private void Add<TKernel>(Mxfp4Changes changes, Mxfp4Panels weight)
        where TKernel : struct, IMxfp4Kernel
    {
        float* nobody = stackalloc float[Mxfp4Panels.Width];
        float** outputs = stackalloc float*[Mxfp4Product.MostTokensOfTile];
        fixed (sbyte* values = changes.Values)
        fixed (float* scales = changes.Scales)
        fixed (int* corrections = changes.Corrections, tokens = changes.Tokens)
        {
            // Panel by panel: its outputs stay in the first-level cache while all blocks go by.
            for (int panel = 0; panel < _panels; panel++)
            {
                float* target = Of(panel).Data;
                for (int block = 0; block < changes.Blocks; block++)
                {
                    (int from, int to) = changes.RangeOf(block);
                    byte* weights = weight.BytesOf(_firstPanel + panel, block);
                    float* weightScales = weight.ScalesOf(_firstPanel + panel, block);
                    for (int first = from; first < to; first += TKernel.Tokens)
                    {
                        for (int i = 0; i < TKernel.Tokens; i++)
                            outputs[i] = first + i < to ? target + (tokens[first + i] * Mxfp4Panels.Width) : nobody;
                        TKernel.Run(new Mxfp4Tile
                        {
                            Values = values + ((nint)first * Mxfp4.BlockSize),
                            ValueStride = Mxfp4.BlockSize,
                            Scales = scales + first,
                            Corrections = corrections + first,
                            BlockStride = 1,
                            Weights = weights,
                            WeightScales = weightScales,
                            Outputs = outputs,
                            Blocks = 1,
                        });
                    }
                }
            }
        }
    }

    private Span<float> Held => new(_outputs.Start, _panels * _tokens * Mxfp4Panels.Width);

    private Strided Of(int panel) => new(_outputs.Start + ((nint)panel * _tokens * Mxfp4Panels.Width), Mxfp4Panels.Width, 1);
}
