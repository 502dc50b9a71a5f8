using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Products of MXFP4 activations with an MXFP4 weight in integer arithmetic: the 4-bit main branch of eq. (11).</summary>
/// <remarks>
/// The specification: with a and w twice the E2M1 values (whole numbers from -12 to 12), s and t half the scales of a token's and a weight
/// row's 32-block, every output takes <c>y = fma(float(sum a w) * s, t, y)</c> for one block after the other, in ascending order.  The
/// sum is exact, and so is its product with the power of two s; only the addition to y rounds, once per block.  Vector width, threads
/// and the way tokens are cut never change a bit.
/// <para>The files: this one loops over cache blocks and deals out rectangles to threads; <see cref="Mxfp4Panels"/> and
/// <see cref="Mxfp4Tokens"/> hold the operands; an <see cref="IMxfp4Kernel"/> multiplies a tile.</para>
/// </remarks>
internal static unsafe class Mxfp4Product
{
    // Values of 96 tokens and 96 blocks are 288 KiB, a panel of 96 blocks 108 KiB: both stay in the second-level cache.
    private const int BlocksAtOnce = 96;
    private const int TokensAtOnce = 96;

    // A rectangle's outputs are 768 KiB.
    private const int MostPanels = 16;
    private const int TokensOfRectangle = 4 * TokensAtOnce;

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
    internal static Mxfp4Path Fastest =>
        Supports(Mxfp4Path.Avx512) ? Mxfp4Path.Avx512
        : Supports(Mxfp4Path.AvxVnni) ? Mxfp4Path.AvxVnni
        : Supports(Mxfp4Path.Avx2) ? Mxfp4Path.Avx2
        : Mxfp4Path.Scalar;

    /// <summary>Whether this machine has a kernel.</summary>
    internal static bool Supports(Mxfp4Path path) => path switch
    {
        Mxfp4Path.Avx512 => Avx512BW.IsSupported,
        Mxfp4Path.AvxVnni => AvxVnni.IsSupported && Fma.IsSupported,
        Mxfp4Path.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };

    internal static void Add(Mxfp4Path path, Mxfp4Tokens tokens, Mxfp4Panels weight, MatrixView y, int threads,
        CancellationToken ct = default)
    {
        ((ReadOnlyMatrixView)y).RequireDenseRows();
        if (tokens.Columns != weight.Columns || y.Rows != tokens.Rows || y.Columns != weight.Rows)
            throw new ArgumentException(
                $"cannot multiply {tokens.Rows} x {tokens.Columns} by {weight.Rows} x {weight.Columns} into {y.Rows} x {y.Columns}");
        if (y.Rows == 0 || y.Columns == 0)
            return;
        fixed (float* data = y.Data)
        {
            var output = new Strided(data, y.RowStride, 1);
            ForRectangles(tokens.Rows, weight.Count, threads, rectangle => AddRectangle(path, tokens, weight, output, rectangle, ct), ct);
        }
    }

    /// <summary>
    /// Deals out rectangles of a product whose outputs stay in the second-level cache; those over the same panels follow one another.
    /// </summary>
    internal static void ForRectangles(int tokens, int panels, int threads, Action<Mxfp4Rectangle> body, CancellationToken ct = default)
    {
        int wide = Math.Clamp(Divide(panels, 2 * threads), 1, MostPanels);
        int down = Divide(tokens, TokensOfRectangle);
        Workers.For(down * Divide(panels, wide), threads, item =>
        {
            int token = item % down * TokensOfRectangle, panel = item / down * wide;
            body(new Mxfp4Rectangle(token, Math.Min(TokensOfRectangle, tokens - token), panel, Math.Min(wide, panels - panel)));
        }, ct);
    }

    /// <summary>Adds one rectangle to its place in <paramref name="y"/>, on the calling thread.</summary>
    internal static void AddRectangle(Mxfp4Path path, Mxfp4Tokens tokens, Mxfp4Panels weight, Strided y, Mxfp4Rectangle rectangle,
        CancellationToken ct = default)
    {
        int endOfTokens = rectangle.Token + rectangle.Tokens, endOfPanels = rectangle.Panel + rectangle.Panels;
        // Equal parts rather than full ones and a remainder.
        int most = Divide(tokens.Blocks, Math.Max(1, Divide(tokens.Blocks, BlocksAtOnce)));
        for (int block = 0; block < tokens.Blocks; block += most)
        {
            int blocks = Math.Min(most, tokens.Blocks - block);
            for (int token = rectangle.Token; token < endOfTokens; token += TokensAtOnce)
            {
                ct.ThrowIfCancellationRequested();
                int count = Math.Min(TokensAtOnce, endOfTokens - token);
                for (int panel = rectangle.Panel; panel < endOfPanels; panel++)
                {
                    int output = panel * Mxfp4Panels.Width;
                    AddPanel(path, tokens, token, count, block, blocks, weight, panel, y.From(token, output),
                        Math.Min(Mxfp4Panels.Width, weight.Rows - output));
                }
            }
        }
    }

    /// <summary>Adds adjacent tokens' products over adjacent blocks to the <paramref name="width"/> outputs of one panel.</summary>
    internal static void AddPanel(Mxfp4Path path, Mxfp4Tokens tokens, int token, int count, int block, int blocks, Mxfp4Panels weight,
        int panel, Strided y, int width)
    {
        if (path == Mxfp4Path.Avx512)
            AddPanel<Mxfp4Kernel512>(tokens, token, count, block, blocks, weight, panel, y, width);
        else if (path == Mxfp4Path.AvxVnni)
            AddPanel<Mxfp4KernelVnni>(tokens, token, count, block, blocks, weight, panel, y, width);
        else if (path == Mxfp4Path.Avx2)
            AddPanel<Mxfp4Kernel256>(tokens, token, count, block, blocks, weight, panel, y, width);
        else
            AddPanel<Mxfp4KernelScalar>(tokens, token, count, block, blocks, weight, panel, y, width);
    }

    private static void AddPanel<TKernel>(Mxfp4Tokens tokens, int token, int count, int block, int blocks, Mxfp4Panels weight, int panel,
        Strided y, int width)
        where TKernel : struct, IMxfp4Kernel
    {
        // A tile's outputs stay apart while its blocks go by: aligned, because every block loads and stores them.
        float* room = stackalloc float[(MostTokensOfTile * Mxfp4Panels.Width) + (AlignedArray<float>.Line / sizeof(float))];
        float* apart = (float*)(((nint)room + AlignedArray<float>.Line - 1) & -AlignedArray<float>.Line);
        float** outputs = stackalloc float*[MostTokensOfTile];
        for (int i = 0; i < TKernel.Tokens; i++)
            outputs[i] = apart + (i * Mxfp4Panels.Width);
        uint bytes = (uint)(width * sizeof(float));
        fixed (sbyte* values = tokens.Values)
        fixed (float* scales = tokens.Scales)
        fixed (int* corrections = tokens.Corrections)
        {
            for (int first = 0; first < count; first += TKernel.Tokens)
            {
                int here = Math.Min(TKernel.Tokens, count - first);
                for (int i = 0; i < here; i++)
                    Unsafe.CopyBlockUnaligned(outputs[i], y.At(first + i, 0), bytes);
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
                for (int i = 0; i < here; i++)
                    Unsafe.CopyBlockUnaligned(y.At(first + i, 0), outputs[i], bytes);
            }
        }
    }

    private static int Divide(int value, int by) => (value + by - 1) / by;
}

/// <summary>A part of a product's outputs: adjacent tokens and adjacent panels of the weight.</summary>
internal readonly record struct Mxfp4Rectangle(int Token, int Tokens, int Panel, int Panels);
