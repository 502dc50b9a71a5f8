using QuantBuild.Kernels;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Wan;

/// <summary>
/// Rotary position embedding of tokens on a (frame, row, column) grid; the angles are those of <see cref="RotaryTable"/>.
/// </summary>
internal static class Rotary
{
    private const double Base = 10000;

    /// <summary>The turn of every pair of channels of every token, [tokens, 1, pairs] complex.</summary>
    /// <param name="frames">Frames; the slowest index of a token.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns; the fastest index.</param>
    /// <param name="headDim">Channels of a head.</param>
    /// <param name="space">Where to.</param>
    public static Tensor Turns(int frames, int height, int width, int headDim, TensorSpace space)
    {
        int pairs = headDim / 2, third = pairs / 3, tokens = checked(frames * height * width);
        var turns = new float[checked(tokens * headDim)];
        FillAxis(turns, pairs, 0, pairs - (2 * third), token => token / (height * width));
        FillAxis(turns, pairs, pairs - (2 * third), third, token => token / width % height);
        FillAxis(turns, pairs, pairs - third, third, token => token % width);
        using DisposeScope scope = NewDisposeScope();
        return view_as_complex(space.Of(turns, tokens, 1, pairs, 2)).MoveToOuterDisposeScope();
    }

    /// <summary>Turns every head of every token.</summary>
    /// <param name="x">[tokens, heads * channels] float32, dense.</param>
    /// <param name="turns">The turns.</param>
    /// <returns>[tokens, heads, channels].</returns>
    public static Tensor Apply(Tensor x, Tensor turns) =>
        view_as_real(view_as_complex(x.view(x.shape[0], -1, turns.shape[2], 2)) * turns).flatten(2);

    private static void FillAxis(float[] turns, int pairs, int first, int count, Func<int, int> positionOf)
    {
        for (int pair = 0; pair < count; pair++)
        {
            double rate = 1 / DeterministicMath.Pow(Base, (double)pair / count);
            for (int token = 0; token < turns.Length / (2 * pairs); token++)
            {
                int at = 2 * ((token * pairs) + first + pair);
                double angle = positionOf(token) * rate;
                (turns[at], turns[at + 1]) = ((float)DeterministicMath.Cos(angle), (float)DeterministicMath.Sin(angle));
            }
        }
    }
}
