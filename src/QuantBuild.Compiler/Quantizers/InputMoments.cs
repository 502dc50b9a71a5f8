using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// Second moments of a layer's input u and of its rounded form q = Q(u), over any number of calls: <c>E[u u^T]</c>, and per channel
/// <c>E[u q]</c> and <c>E[q²]</c>.
/// </summary>
/// <remarks>
/// Every element of the matrix is one chain of fused multiply-adds over all tokens in the order they are given (<see cref="Gram"/>);
/// the sums per channel are double, <c>s = s + (double)a b</c> token after token.
/// </remarks>
/// <param name="channels">Input channels.</param>
/// <param name="scale">Smoothing scale, [in]; empty for none.</param>
/// <param name="rotation">What happens to the input after smoothing.</param>
/// <param name="quantizer">How the main branch rounds its input; null leaves it.</param>
/// <param name="models">
/// Whether the moments are those of u, with a model of the noise; else they are those of q as if nothing had been rounded.
/// </param>
internal sealed unsafe class InputMoments(int channels, float[] scale, Rotation rotation, ActivationQuantizer? quantizer,
    bool models = true)
{
    private const int TokensAtOnce = 1024;
    private const int ChannelsAtOnce = 64;

    private readonly float[] _sum = new float[(long)channels * channels];
    private readonly double[] _input = new double[channels];
    private readonly double[] _cross = new double[channels];
    private readonly double[] _rounded = new double[channels];
    private float[] _u = [];
    private float[] _q = [];

    /// <summary>Tokens seen.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds tokens.</summary>
    /// <param name="x">Activations as recorded, [tokens, in], row-major.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks; the moments are then half made.</param>
    /// <exception cref="NumericException">An activation is not finite, before or after smoothing.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public void Add(ReadOnlyMatrixView x, int threads = 1, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Columns, channels);
        FiniteValues.Check(NumericException.Activation, x, threads);
        for (int first = 0; first < x.Rows; first += TokensAtOnce)
        {
            int count = Math.Min(TokensAtOnce, x.Rows - first);
            if (_u.Length < count * channels)
                (_u, _q) = (new float[count * channels], new float[count * channels]);
            var u = new MatrixView(_u.AsSpan(0, count * channels), count, channels);
            var q = new MatrixView(_q.AsSpan(0, count * channels), count, channels);
            RoundedInput.Of(x.Slice(first, 0, count, channels), scale, rotation, quantizer, u, q, threads);
            Gram.MakeUpper(models ? u : q, new MatrixView(_sum, channels, channels), Tokens == 0 ? GemmMode.Overwrite : GemmMode.Add,
                threads, ct);
            if (models)
                AddChannels(count, threads, ct);
            Tokens += count;
        }
    }

    /// <summary>Divides by the token count and hands the matrix over; nothing can be added afterwards.</summary>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="NumericException">A sum overflowed.</exception>
    public RoundingNoise Finish(int threads = 1)
    {
        var matrix = new MatrixView(_sum, channels, channels);
        Gram.Mirror(matrix, threads);
        FiniteValues.Check("Hessian", matrix, threads);
        float count = Math.Max(1, Tokens);
        Workers.ForRanges(channels, ChannelsAtOnce, threads, (first, rows) =>
        {
            Span<float> values = _sum.AsSpan(first * channels, rows * channels);
            for (int i = 0; i < values.Length; i++)
                values[i] /= count;
        });
        return RoundingNoise.Of(_sum, _input, _cross, _rounded, Tokens);
    }

    /// <summary>The moments of some channels, of the tokens so far.</summary>
    /// <param name="some">Which, ascending.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="NumericException">A sum overflowed.</exception>
    public RoundingNoise Of(int[] some, int threads)
    {
        var second = new float[(long)some.Length * some.Length];
        float count = Math.Max(1, Tokens);
        Workers.ForRanges(some.Length, ChannelsAtOnce, threads, (first, rows) =>
        {
            for (int i = first; i < first + rows; i++)
            {
                ReadOnlySpan<float> values = _sum.AsSpan(some[i] * channels, channels);
                for (int j = i; j < some.Length; j++)
                    second[(i * some.Length) + j] = values[some[j]] / count;
            }
        });
        var matrix = new MatrixView(second, some.Length, some.Length);
        Gram.Mirror(matrix, threads);
        FiniteValues.Check("Hessian", matrix, threads);
        return RoundingNoise.Of(second, Take(_input), Take(_cross), Take(_rounded), Tokens);

        double[] Take(double[] values) => [.. some.Select(channel => values[channel])];
    }

    /// <summary>Gains and noise alone, of the tokens so far; their matrix is empty.</summary>
    public RoundingNoise Noise() => RoundingNoise.Of([], _input, _cross, _rounded, Tokens);

    private void AddChannels(int tokens, int threads, CancellationToken ct) =>
        Workers.ForRanges(channels, ChannelsAtOnce, threads, (first, count) =>
        {
            fixed (float* u = _u, q = _q)
            fixed (double* input = _input, cross = _cross, rounded = _rounded)
            {
                for (int token = 0; token < tokens; token++)
                {
                    nint at = ((nint)token * channels) + first;
                    AddToken(u + at, q + at, count, input + first, cross + first, rounded + first);
                }
            }
        }, ct);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddToken(float* u, float* q, int count, double* input, double* cross, double* rounded)
    {
        int i = 0;
        for (; i <= count - 4; i += 4)
        {
            Vector256<double> a = Vector256.WidenLower(Vector128.Load(u + i).ToVector256()), b =
                Vector256.WidenLower(Vector128.Load(q + i).ToVector256());
            (Vector256.Load(input + i) + (a * a)).Store(input + i);
            (Vector256.Load(cross + i) + (a * b)).Store(cross + i);
            (Vector256.Load(rounded + i) + (b * b)).Store(rounded + i);
        }
        for (; i < count; i++)
        {
            input[i] += (double)u[i] * u[i];
            cross[i] += (double)u[i] * q[i];
            rounded[i] += (double)q[i] * q[i];
        }
    }
}
