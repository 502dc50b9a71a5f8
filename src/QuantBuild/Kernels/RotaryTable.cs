using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Rotary position embedding of tokens on a (frame, row, column) grid.</summary>
/// <remarks>
/// Neighbouring channels (2i, 2i + 1) of a head form a complex number that is turned by position * 10000^(-j / n).  Of a head's d / 2
/// pairs the last two thirds (rounded down, each) turn with the row and the column, the rest with the frame; j counts pairs within
/// a group of n.  Angles and their sines are computed in double precision and rounded once.
/// </remarks>
internal sealed unsafe class RotaryTable
{
    private const double Base = 10000;

    // Per token: the cosine of every channel's pair, and its sine with a minus sign on even channels.
    private readonly float[] _cosines;
    private readonly float[] _sines;

    /// <summary>Computes the table of a grid.</summary>
    /// <param name="frames">Frames; the slowest index of a token.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns; the fastest index.</param>
    /// <param name="headDim">Channels of a head, even.</param>
    public RotaryTable(int frames, int height, int width, int headDim)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(headDim % 2, 0);
        Tokens = checked(frames * height * width);
        HeadDim = headDim;
        _cosines = new float[checked(Tokens * headDim)];
        _sines = new float[_cosines.Length];

        int pairs = headDim / 2;
        int third = pairs / 3;
        FillAxis(0, pairs - (2 * third), frames, token => token / (height * width));
        FillAxis(pairs - (2 * third), third, height, token => token / width % height);
        FillAxis(pairs - third, third, width, token => token % width);
    }

    /// <summary>Tokens of the grid.</summary>
    public int Tokens { get; }

    /// <summary>Channels of a head.</summary>
    public int HeadDim { get; }

    /// <summary>Turns every head of every token in place: y = fma(x, cos, swapped(x) * (∓sin)).</summary>
    /// <param name="x">[<see cref="Tokens"/>, heads * <see cref="HeadDim"/>], dense along rows.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The shape does not fit the table.</exception>
    public void Apply(MatrixView x, int threads = 1)
    {
        ((ReadOnlyMatrixView)x).RequireDenseRows();
        if (x.Rows != Tokens || x.Columns % HeadDim != 0)
            throw new ArgumentException($"a table for {Tokens} tokens and heads of {HeadDim} does not fit {x.Rows}x{x.Columns}");
        fixed (float* data = x.Data, cosines = _cosines, sines = _sines)
            RowLoop.Run(x.Rows, x.Columns, threads, new Work(data, x.RowStride, x.Columns / HeadDim, HeadDim, cosines, sines));
    }

    private void FillAxis(int firstPair, int pairs, int positions, Func<int, int> positionOf)
    {
        for (int pair = 0; pair < pairs; pair++)
        {
            double rate = 1 / DeterministicMath.Pow(Base, (double)pair / pairs);
            var turns = new (float Cosine, float Sine)[positions];
            for (int position = 0; position < positions; position++)
                turns[position] = ((float)DeterministicMath.Cos(position * rate), (float)DeterministicMath.Sin(position * rate));
            for (int token = 0; token < Tokens; token++)
            {
                (float cosine, float sine) = turns[positionOf(token)];
                int even = (token * HeadDim) + (2 * (firstPair + pair));
                (_cosines[even], _cosines[even + 1]) = (cosine, cosine);
                (_sines[even], _sines[even + 1]) = (-sine, sine);
            }
        }
    }

    private readonly struct Work(float* x, nint stride, int heads, int headDim, float* cosines, float* sines) : IRowWork
    {
        public void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
            {
                for (int head = 0; head < heads; head++)
                    Turn(x + (row * stride) + (head * headDim), cosines + ((nint)row * headDim), sines + ((nint)row * headDim), headDim);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Turn(float* x, float* cosines, float* sines, int channels)
    {
        int whole = channels & ~(Lanes.Count - 1);
        for (int i = 0; i < whole; i += Lanes.Count)
        {
            Vector512<float> value = Vector512.Load(x + i);
            Vector512<ulong> pairs = value.AsUInt64();
            Vector512<float> swapped = ((pairs << 32) | (pairs >>> 32)).AsSingle();
            Vector512.FusedMultiplyAdd(value, Vector512.Load(cosines + i), swapped * Vector512.Load(sines + i)).Store(x + i);
        }
        for (int i = whole; i < channels; i += 2)
        {
            (float even, float odd) = (x[i], x[i + 1]);
            x[i] = MathF.FusedMultiplyAdd(even, cosines[i], odd * sines[i]);
            x[i + 1] = MathF.FusedMultiplyAdd(odd, cosines[i + 1], even * sines[i + 1]);
        }
    }
}
