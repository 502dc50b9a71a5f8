using System.Buffers;
using System.Runtime.CompilerServices;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models;

/// <summary>
/// Eq. (11) with rounded activations: the arithmetic that <see cref="QuantizedLinear"/> specifies, in an order that suits the caches.
/// </summary>
/// <remarks>
/// A few tokens are divided, projected and rounded while they are at hand; then a rectangle of outputs takes its bias, all of its main
/// branch and its low-rank branch before it goes back to memory.
/// </remarks>
internal sealed unsafe class IntegerLinear
{
    private const int WeightRowsAtOnce = 512;
    private const int TokensAtOnce = 96;

    private readonly QuantizedLayer _layer;
    private readonly float[] _bias;
    private readonly Mxfp4Panels? _weight;

    public IntegerLinear(QuantizedLayer layer, float[] bias, WeightStorage storage)
    {
        _layer = layer;
        _bias = bias;
        if (storage == WeightStorage.Resident)
            _weight = Mxfp4Panels.Of(layer.Codes.Span, layer.Scales.Span, layer.OutFeatures, layer.InFeatures);
    }

    /// <summary>y = the layer's output for the tokens x; rows of y are contiguous.</summary>
    public void Apply(ReadOnlyMatrixView x, MatrixView y, ClipSetting clip, int threads, CancellationToken ct)
    {
        ((ReadOnlyMatrixView)y).RequireDenseRows();
        using var tokens = new Mxfp4Tokens(_layer.InFeatures);
        tokens.Begin(x.Rows);
        float[] projections = ArrayPool<float>.Shared.Rent(x.Rows * _layer.Rank);
        fixed (float* from = x.Data, to = y.Data, projection = projections)
        {
            var projected = new Strided(projection, _layer.Rank, 1);
            var output = new Strided(to, y.RowStride, 1);
            Read(new Strided(from, x.RowStride, x.ColumnStride), tokens, projected, clip, threads, ct);
            if (_weight is not null)
                Multiply(tokens, projected, _weight, 0, output, threads, ct);
            else
                MultiplyInParts(tokens, projected, output, threads, ct);
        }
        ArrayPool<float>.Shared.Return(projections);
    }

    /// <summary>u = x / s, of which the tokens take Q(u) and the projections u A^T.</summary>
    private void Read(Strided x, Mxfp4Tokens tokens, Strided projected, ClipSetting clip, int threads, CancellationToken ct)
    {
        int channels = _layer.InFeatures, rank = _layer.Rank;
        int most = Math.Clamp(tokens.Rows / (2 * threads), 1, TokensAtOnce);
        var rounding = new Mxfp4Rounding(_layer.Activations!.Ties, clip);
        fixed (float* smooth = _layer.Smooth.Span, down = _layer.Down.Span)
        {
            float* scale = smooth;
            Strided factor = new Strided(down, channels, 1).Transposed;
            Workers.For((tokens.Rows + most - 1) / most, threads, index =>
            {
                int first = index * most, count = Math.Min(most, tokens.Rows - first);
                float[] room = ArrayPool<float>.Shared.Rent(count * channels);
                fixed (float* quotients = room)
                {
                    var u = new Strided(quotients, channels, 1);
                    new SmoothRows(x.From(first, 0), scale, u, channels, _layer.Rotation).Run(0, count);
                    tokens.Load(u, first, count, rounding, negate: false, threads: 1);
                    if (rank > 0)
                        Gemm.Run(Gemm.Fastest,
                            new GemmProblem { Rows = count, Columns = rank, Depth = channels, A = u, B = factor,
                                C = projected.From(first, 0) }, threads: 1);
                }
                ArrayPool<float>.Shared.Return(room);
            }, ct);
        }
    }

    private void MultiplyInParts(Mxfp4Tokens tokens, Strided projected, Strided y, int threads, CancellationToken ct)
    {
        int codeBytes = Mxfp4.CodeBytes(_layer.InFeatures), blocks = Mxfp4.Blocks(_layer.InFeatures);
        ReadOnlySpan<byte> codes = _layer.Codes.Span, scales = _layer.Scales.Span;
        var part = new Mxfp4Panels(Math.Min(WeightRowsAtOnce, _layer.OutFeatures), _layer.InFeatures);
        for (int first = 0; first < _layer.OutFeatures; first += WeightRowsAtOnce)
        {
            int rows = Math.Min(WeightRowsAtOnce, _layer.OutFeatures - first);
            part.Load(codes.Slice(first * codeBytes, rows * codeBytes), scales.Slice(first * blocks, rows * blocks), rows, threads);
            Multiply(tokens, projected, part, first, y.From(0, first), threads, ct);
        }
    }

    /// <summary>The outputs of some rows of the weight, of which <paramref name="first"/> is the first.</summary>
    private void Multiply(Mxfp4Tokens tokens, Strided projected, Mxfp4Panels weight, int first, Strided y, int threads,
        CancellationToken ct)
    {
        int rank = _layer.Rank;
        fixed (float* allBiases = _bias, allFactors = _layer.Up.Span)
        {
            float* biases = allBiases + first, factors = allFactors + ((nint)first * rank);
            Mxfp4Product.ForRectangles(tokens.Rows, weight.Count, threads, rectangle =>
            {
                int output = rectangle.Panel * Mxfp4Panels.Width,
                    width = Math.Min(rectangle.Panels * Mxfp4Panels.Width, weight.Rows - output);
                Strided part = y.From(rectangle.Token, output);
                for (int row = 0; row < rectangle.Tokens; row++)
                    Unsafe.CopyBlockUnaligned(part.At(row, 0), biases + output, (uint)(width * sizeof(float)));
                Mxfp4Product.AddRectangle(Mxfp4Product.Fastest, tokens, weight, y, rectangle, ct);
                if (rank > 0)
                {
                    Gemm.Run(Gemm.Fastest, new GemmProblem
                    {
                        Rows = rectangle.Tokens,
                        Columns = width,
                        Depth = rank,
                        A = projected.From(rectangle.Token, 0),
                        B = new Strided(factors + ((nint)output * rank), rank, 1).Transposed,
                        C = part,
                        Accumulate = true,
                    }, threads: 1);
                }
            }, ct);
        }
    }
}
