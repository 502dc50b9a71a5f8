using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using QuantBuild.Formats;

namespace QuantBuild.Kernels;

/// <summary>Products of MXFP4 activations with an MXFP4 weight in integer arithmetic: the 4-bit main branch of eq. (11).</summary>
/// <remarks>
/// The specification: with a and w twice the E2M1 values (whole numbers from -12 to 12), s and t half the scales of a token's and a weight
/// row's 32-block, every output takes <c>y = fma(float(sum a w) * s, t, y)</c> for one block after the other, in ascending order.  The
/// sum is exact, and so is its product with the power of two s; only the addition to y rounds, once per block.  Vector width, threads
/// and the way tokens are cut never change a bit.
/// <para>The files: this one loops over cache blocks and deals out panels to threads; <see cref="Mxfp4Panels"/> and
/// <see cref="Mxfp4Tokens"/> hold the operands; an <see cref="IMxfp4Kernel"/> multiplies a tile.</para>
/// </remarks>
public static unsafe class Mxfp4Product
{
    // Values of 96 tokens and 64 blocks are 192 KiB, a panel of 64 blocks 72 KiB: both stay in the second-level cache.
    private const int BlocksAtOnce = 64;
    private const int TokensAtOnce = 96;
    private const int MostPanels = 16;

    internal const int MostTokensOfTile = 6;

    /// <summary>y[tokens, out] += X W^T.</summary>
    /// <param name="tokens">X.</param>
    /// <param name="weight">W.</param>
    /// <param name="y">The sum, rows contiguous.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the product between blocks; <paramref name="y"/> is then half made.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static void Add(Mxfp4Tokens tokens, Mxfp4Panels weight, MatrixView y, int threads = 1, CancellationToken ct = default) =>
        Add(Fastest, tokens, weight, y, threads, ct);

    /// <summary>The fastest kernel this machine has.</summary>
    internal static GemmPath Fastest =>
        Avx512BW.IsSupported ? GemmPath.Vector512
        : Avx2.IsSupported && Fma.IsSupported ? GemmPath.Vector256
        : GemmPath.Scalar;

    internal static void Add(GemmPath path, Mxfp4Tokens tokens, Mxfp4Panels weight, MatrixView y, int threads, CancellationToken ct = default)
    {
        ((ReadOnlyMatrixView)y).RequireDenseRows();
        if (tokens.Columns != weight.Columns || y.Rows != tokens.Rows || y.Columns != weight.Rows)
            throw new ArgumentException($"cannot multiply {tokens.Rows} x {tokens.Columns} by {weight.Rows} x {weight.Columns} into {y.Rows} x {y.Columns}");
        if (y.Rows == 0 || y.Columns == 0)
            return;
        int panels = Math.Clamp((weight.Count + (2 * threads) - 1) / (2 * threads), 1, MostPanels);
        fixed (float* data = y.Data)
        {
            var output = new Strided(data, y.RowStride, 1);
            Workers.For((weight.Count + panels - 1) / panels, threads, item =>
            {
                int first = item * panels;
                AddPanels(path, tokens, weight, output, first, Math.Min(panels, weight.Count - first), ct);
            }, ct);
        }
    }

    private static void AddPanels(GemmPath path, Mxfp4Tokens tokens, Mxfp4Panels weight, Strided y, int firstPanel, int panels,
        CancellationToken ct)
    {
        for (int block = 0; block < tokens.Blocks; block += BlocksAtOnce)
        {
            int blocks = Math.Min(BlocksAtOnce, tokens.Blocks - block);
            for (int token = 0; token < tokens.Rows; token += TokensAtOnce)
            {
                ct.ThrowIfCancellationRequested();
                int count = Math.Min(TokensAtOnce, tokens.Rows - token);
                for (int panel = firstPanel; panel < firstPanel + panels; panel++)
                {
                    int output = panel * Mxfp4Panels.Width;
                    AddPanel(path, tokens, token, count, block, blocks, weight, panel, y.From(token, output), Math.Min(Mxfp4Panels.Width, weight.Rows - output));
                }
            }
        }
    }

    /// <summary>Adds adjacent tokens' products over adjacent blocks to the <paramref name="width"/> outputs of one panel.</summary>
    internal static void AddPanel(GemmPath path, Mxfp4Tokens tokens, int token, int count, int block, int blocks, Mxfp4Panels weight, int panel, Strided y, int width)
    {
        if (path == GemmPath.Vector512)
            AddPanel<Mxfp4Kernel512>(tokens, token, count, block, blocks, weight, panel, y, width);
        else if (path == GemmPath.Vector256)
            AddPanel<Mxfp4Kernel256>(tokens, token, count, block, blocks, weight, panel, y, width);
        else
            AddPanel<Mxfp4KernelScalar>(tokens, token, count, block, blocks, weight, panel, y, width);
    }

    private static void AddPanel<TKernel>(Mxfp4Tokens tokens, int token, int count, int block, int blocks, Mxfp4Panels weight, int panel, Strided y, int width)
        where TKernel : struct, IMxfp4Kernel
    {
        float* apart = stackalloc float[MostTokensOfTile * Mxfp4Panels.Width];
        float** outputs = stackalloc float*[MostTokensOfTile];
        fixed (sbyte* values = tokens.Values)
        fixed (float* scales = tokens.Scales)
        fixed (int* corrections = tokens.Corrections)
        {
            for (int first = 0; first < count; first += TKernel.Tokens)
            {
                int here = Math.Min(TKernel.Tokens, count - first);
                bool whole = here == TKernel.Tokens && width == Mxfp4Panels.Width;
                for (int i = 0; i < TKernel.Tokens; i++)
                    outputs[i] = whole ? y.At(first + i, 0) : apart + (i * Mxfp4Panels.Width);
                for (int i = 0; !whole && i < here; i++)
                    Unsafe.CopyBlockUnaligned(outputs[i], y.At(first + i, 0), (uint)(width * sizeof(float)));
                nint at = ((nint)(token + first) * tokens.Blocks) + block;
                TKernel.Run(new Mxfp4Tile
                {
                    Values = values + (at * Mxfp4.BlockSize),
                    ValueStride = (nint)tokens.Blocks * Mxfp4.BlockSize,
                    Scales = scales + at,
                    Corrections = corrections + at,
                    BlockStride = tokens.Blocks,
                    Weights = weight.BytesOf(panel, block),
                    WeightScales = weight.ScalesOf(panel, block),
                    Outputs = outputs,
                    Blocks = blocks,
                });
                for (int i = 0; !whole && i < here; i++)
                    Unsafe.CopyBlockUnaligned(y.At(first + i, 0), outputs[i], (uint)(width * sizeof(float)));
            }
        }
    }
}
