using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Kernels;

public class PatchesTests
{
    private const int Channels = 3, Frames = 2, Height = 4, Width = 6, Tokens = Frames * Height * Width / 4;

    [Fact]
    public void Gathered_patches_times_the_flat_weight_is_the_strided_convolution()
    {
        const int Outputs = 5;
        float[] latent = ScalarSpecification.Random(1, Channels * Frames * Height * Width);
        float[] weight = ScalarSpecification.Random(2, Outputs * Channels * 4);
        var patches = new float[Tokens * Channels * 4];
        var result = new float[Tokens * Outputs];

        Patches.Gather(latent, Frames, Height, Width, new MatrixView(patches, Tokens, Channels * 4));
        Gemm.Multiply(new ReadOnlyMatrixView(patches, Tokens, Channels * 4),
            new ReadOnlyMatrixView(weight, Outputs, Channels * 4).Transposed,
            new MatrixView(result, Tokens, Outputs));

        for (int token = 0; token < Tokens; token++)
        {
            (int frame, int row, int column) = (token / 6, 2 * (token / 3 % 2), 2 * (token % 3));
            for (int output = 0; output < Outputs; output++)
            {
                float sum = 0;
                for (int tap = 0; tap < Channels * 4; tap++)
                {
                    int at = (((((tap / 4) * Frames) + frame) * Height) + row + (tap / 2 % 2)) * Width;
                    sum = MathF.FusedMultiplyAdd(latent[at + column + (tap % 2)], weight[(output * Channels * 4) + tap], sum);
                }
                Assert.Equal(sum, result[(token * Outputs) + output]);
            }
        }
    }

    [Fact]
    public void Scattering_puts_channel_c_of_patch_element_e_at_column_e_times_channels_plus_c()
    {
        float[] tokens = ScalarSpecification.Random(3, Tokens * Channels * 4);
        var latent = new float[tokens.Length];

        Patches.Scatter(new ReadOnlyMatrixView(tokens, Tokens, Channels * 4), Frames, Height, Width, latent);

        for (int i = 0; i < latent.Length; i++)
        {
            (int x, int y, int frame, int channel) = (i % Width, i / Width % Height, i / (Width * Height) % Frames,
                i / (Width * Height * Frames));
            int token = (((frame * 2) + (y / 2)) * 3) + (x / 2);
            Assert.Equal(tokens[(token * Channels * 4) + (((2 * (y % 2)) + (x % 2)) * Channels) + channel], latent[i]);
        }
    }

    [Theory]
    [InlineData(Frames, 3, Width, Tokens)]
    [InlineData(Frames, Height, 5, Tokens)]
    [InlineData(0, Height, Width, Tokens)]
    [InlineData(Frames, Height, Width, Tokens - 1)]
    [InlineData(Frames, Height, 2 * Width, Tokens)]
    public void Sizes_that_do_not_fit_are_refused(int frames, int height, int width, int tokens)
    {
        float[] latent = new float[Channels * Frames * Height * Width];
        float[] patches = new float[latent.Length];
        Assert.Throws<ArgumentException>(() =>
            Patches.Gather(latent, frames, height, width, new MatrixView(patches, tokens, Channels * 4)));
        Assert.Throws<ArgumentException>(() =>
            Patches.Scatter(new ReadOnlyMatrixView(patches, tokens, Channels * 4), frames, height, width, latent));
    }
}
