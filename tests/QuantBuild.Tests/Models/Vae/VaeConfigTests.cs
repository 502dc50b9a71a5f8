using QuantBuild.Models.Vae;

namespace QuantBuild.Tests.Models.Vae;

public class VaeConfigTests
{
    private static readonly string Text = File.ReadAllText(TestData.TinyWan("checkpoint", "vae", "config.json"));

    [Fact]
    public void Field_names_of_the_diffusers_library_are_understood()
    {
        string text = Text.Replace("\"mean\"", "\"latents_mean\"", StringComparison.Ordinal)
            .Replace("\"std\"", "\"latents_std\"", StringComparison.Ordinal).Replace("\"dim\"", "\"base_dim\"", StringComparison.Ordinal);
        VaeConfig config = Read(text);
        Assert.Equal(12, config.Dim);
        Assert.Equal(-0.6711f, config.Mean[0]);
        Assert.Equal([1, 2, 4, 4], config.Multipliers);
    }

    [Theory]
    [InlineData("\"z_dim\": 16", "\"z_dim\": 12", "'mean'")]
    [InlineData("2.3333", "0.0", "'std'")]
    [InlineData("\"attn_scales\": []", "\"attn_scales\": [1.0]", "'attn_scales'")]
    [InlineData("\"num_res_blocks\": 2", "\"num_res_blocks\": 0", "'num_res_blocks'")]
    [InlineData("\"num_res_blocks\": 2,", "", "'num_res_blocks' is missing")]
    [InlineData("false,", "true,", "'temperal_downsample'")]
    [InlineData("\"z_dim\"", "z_dim", "not valid JSON")]
    public void A_field_that_cannot_be_is_named(string old, string replacement, string expected)
    {
        Assert.Contains(old, Text, StringComparison.Ordinal);
        var error = Assert.Throws<InvalidDataException>(() => Read(Text.Replace(old, replacement, StringComparison.Ordinal)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static VaeConfig Read(string text)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, text);
            return VaeConfig.Load(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
