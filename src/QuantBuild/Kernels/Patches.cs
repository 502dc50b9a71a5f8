using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>Patches of 1 x 2 x 2 latent elements, one per token: with a matrix product they make the patch embedding.</summary>
/// <remarks>Tokens are numbered frame by frame, row by row; heights and widths must be even.</remarks>
internal static class Patches
{
    /// <summary>Elements of a patch in one channel.</summary>
    public const int Size = 4;

    /// <summary>Copies channels of a latent [channels, frames, height, width] into the columns of a token matrix.</summary>
    /// <param name="latent">The latent.</param>
    /// <param name="frames">Number of frames.</param>
    /// <param name="height">Height in latent elements.</param>
    /// <param name="width">Width in latent elements.</param>
    /// <param name="tokens">
    /// [tokens, 4 channels]: a channel's patch elements are adjacent, row by row, as the convolution's weight has them.
    /// </param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public static void Gather(ReadOnlySpan<float> latent, int frames, int height, int width, MatrixView tokens)
    {
        int channels = Check(latent.Length, frames, height, width, tokens);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int row = 0; row < frames * height; row++)
            {
                ReadOnlySpan<float> line = latent.Slice(((channel * frames * height) + row) * width, width);
                int token = row / 2 * (width / 2);
                int column = (Size * channel) + (2 * (row % 2));
                for (int x = 0; x < width; x += 2, token++)
                {
                    tokens[token, column] = line[x];
                    tokens[token, column + 1] = line[x + 1];
                }
            }
        }
    }

    /// <summary>Copies a token matrix back to a latent [channels, frames, height, width].</summary>
    /// <param name="tokens">[tokens, 4 channels]: channels are adjacent, patch elements row by row, as the head's output has them.</param>
    /// <param name="frames">Number of frames.</param>
    /// <param name="height">Height in latent elements.</param>
    /// <param name="width">Width in latent elements.</param>
    /// <param name="latent">The latent.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public static void Scatter(ReadOnlyMatrixView tokens, int frames, int height, int width, Span<float> latent)
    {
        int channels = Check(latent.Length, frames, height, width, tokens);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int row = 0; row < frames * height; row++)
            {
                Span<float> line = latent.Slice(((channel * frames * height) + row) * width, width);
                int token = row / 2 * (width / 2);
                int column = (2 * channels * (row % 2)) + channel;
                for (int x = 0; x < width; x += 2, token++)
                {
                    line[x] = tokens[token, column];
                    line[x + 1] = tokens[token, column + channels];
                }
            }
        }
    }

    private static int Check(int length, int frames, int height, int width, ReadOnlyMatrixView tokens)
    {
        if (frames < 1 || height < 2 || width < 2 || height % 2 != 0 || width % 2 != 0)
            throw new ArgumentException($"a latent of {frames}x{height}x{width} has no whole patches");
        int volume = checked(frames * height * width);
        int channels = length / volume;
        if (channels * volume != length || tokens.Rows != volume / Size || tokens.Columns != channels * Size)
            throw new ArgumentException(
                $"{tokens.Rows}x{tokens.Columns} tokens are not {length} latent elements of {frames}x{height}x{width}");
        return channels;
    }
}
