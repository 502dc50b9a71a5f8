using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Models.Wan;

public sealed class TextToVideoModelTests : IDisposable
{
    private static readonly LatentShape Shape = new(2, 6, 8);

    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-t2v").FullName;

    [Theory]
    [InlineData("high_noise_model", 950)]
    [InlineData("low_noise_model", 400)]
    public void It_predicts_what_the_image_model_predicts_on_a_condition_of_zeros(string expert, int timestep)
    {
        TextToVideoCheckpoint.Write(_folder);
        using WanTransformer text = TextToVideoCheckpoint.Load(_folder, expert);
        using var image = new WanTransformer(TinyWan.Weights(expert[..expert.IndexOf('_', StringComparison.Ordinal)]));
        float[] context = GaussianNoise.Draw(1, 3 * 128), latent = GaussianNoise.Draw(2, 16 * Shape.Volume);
        (var expected, var actual) = (new float[latent.Length], new float[latent.Length]);

        image.Predict(Shape, latent, timestep, new WanConditioning(context, 3, new float[20 * Shape.Volume]), expected);
        text.Predict(Shape, latent, timestep, new WanConditioning(context, 3, []), actual);

        Assert.Contains(expected, value => Math.Abs(value) > 0.1);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-5);
    }

    [Fact]
    public void A_condition_is_refused()
    {
        TextToVideoCheckpoint.Write(_folder);
        using WanTransformer model = TextToVideoCheckpoint.Load(_folder, "low_noise_model");
        var latent = new float[16 * Shape.Volume];

        var error = Assert.Throws<ArgumentException>(() =>
            model.Predict(Shape, latent, 1, new WanConditioning(new float[128], 1, new float[20 * Shape.Volume]),
                new float[latent.Length]));

        Assert.Equal("a text-to-video model takes no first frame, and the condition is not empty", error.Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
