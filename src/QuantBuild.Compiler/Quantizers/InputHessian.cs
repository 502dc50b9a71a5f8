using System.Numerics;
using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>Collects the Hessian of a layer's input, <c>X^T X / n</c>, over any number of calls.</summary>
/// <remarks>
/// X is what the 4-bit main branch sees: smoothed, then quantized and read back with ratio 1 and offset 0 (or only smoothed, for
/// layers whose activations stay as they are).  Every element is one chain of fused multiply-adds over all tokens in the order they
/// are given, so that it does not matter how tokens are divided into calls.
/// </remarks>
/// <param name="channels">Input channels.</param>
/// <param name="quantizer">How the main branch rounds its input; null leaves it.</param>
/// <param name="rotation">What happens to the input after smoothing.</param>
internal sealed unsafe class InputHessian(int channels, ActivationQuantizer? quantizer, Rotation rotation = Rotation.None)
{
    private const int TokensAtOnce = 1024;
    private const int RowsAtOnce = 32;
    private const int ChannelsAtOnce = 64;

    private readonly float[] _sum = new float[(long)channels * channels];
    private float[] _input = [];

    /// <summary>Tokens seen.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds tokens.</summary>
    /// <param name="x">Activations as recorded, [tokens, in], row-major.</param>
    /// <param name="scale">Smoothing scale, [in]; empty for none.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks; the Hessian is then half made.</param>
    /// <exception cref="NumericException">An activation is not finite, before or after smoothing.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public void Add(ReadOnlyMatrixView x, ReadOnlySpan<float> scale, int threads = 1, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Columns, channels);
        FiniteValues.Check(NumericException.Activation, x, threads);
        for (int first = 0; first < x.Rows; first += TokensAtOnce)
        {
            int count = Math.Min(TokensAtOnce, x.Rows - first);
            if (_input.Length < count * channels)
                _input = new float[count * channels];
            var input = new MatrixView(_input.AsSpan(0, count * channels), count, channels);
            Round(x.Slice(first, 0, count, channels), scale, input, threads);
            // Reading new memory before it is written costs a page fault more, and an interrupt of the other cores (measured: a second per
            // GB).
            GemmMode mode = Tokens == 0 ? GemmMode.Overwrite : GemmMode.Add;
            Gram.MakeUpper(input, new MatrixView(_sum, channels, channels), mode, threads, ct);
            Tokens += count;
        }
    }

    /// <summary>Divides by the token count and hands the matrix over; nothing can be added afterwards.</summary>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <returns>[in, in], symmetric; all zero when there were no tokens.</returns>
    /// <exception cref="NumericException">A sum overflowed.</exception>
    public float[] Finish(int threads = 1)
    {
        var sum = new MatrixView(_sum, channels, channels);
        Gram.Mirror(sum, threads);
        FiniteValues.Check("Hessian", sum, threads);
        if (Tokens == 0)
            return _sum;
        var tokens = new Vector<float>(Tokens);
        Workers.ForRanges(channels, ChannelsAtOnce, threads, (first, count) =>
        {
            Span<float> values = _sum.AsSpan(first * channels, count * channels);
            int i = 0;
            for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
                (new Vector<float>(values[i..]) / tokens).CopyTo(values[i..]);
            for (; i < values.Length; i++)
                values[i] /= Tokens;
        });
        return _sum;
    }

    /// <summary>What the main branch sees of the tokens.</summary>
    private void Round(ReadOnlyMatrixView x, ReadOnlySpan<float> scale, MatrixView input, int threads)
    {
        float[] scales = scale.ToArray();
        fixed (float* from = x.Data, to = input.Data)
        {
            var source = new PinnedMatrix(from, x.Rows, channels, x.RowStride);
            var target = new PinnedMatrix(to, x.Rows, channels, channels);
            bool finite = true;
            Workers.ForRanges(x.Rows, RowsAtOnce, threads, (first, count) =>
            {
                MatrixView rows = target.Slice(first, count);
                if (Smoothing.TryApplyToActivation(source.Slice(first, count), scales, rows, 1, rotation))
                    quantizer?.Apply(rows, rows);
                else
                    Volatile.Write(ref finite, false);
            });
            // Once more, to name the first place of all.
            if (!finite)
                Smoothing.ApplyToActivation(x, scales, input, 1, rotation);
        }
    }
}
