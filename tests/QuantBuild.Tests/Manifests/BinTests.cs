namespace QuantBuild.Tests.Manifests;

public sealed class BinTests
{
    [Theory]
    [InlineData("[\"all:0-1\"]")]
    [InlineData("[\"a:0-0.5\", { \"name\": \"b\", \"from\": 0.5, \"to\": 1 }]")]
    [InlineData("[{ \"name\": \"a\", \"timesteps\": [1000, 950] }, { \"name\": \"b\", \"timesteps\": [949, 900] }]")]
    [InlineData("[{ \"name\": \"a\", \"timesteps\": [999, 999] }, { \"name\": \"b\", \"timesteps\": [998, 900] }]")]
    public void Bins_that_cover_the_range_once_are_accepted(string bins) =>
        Assert.NotEmpty(ManifestText.Valid(ManifestText.WithBins(bins)).Experts[0].Bins);

    [Theory]
    [InlineData("[\"early\"]", "QB1021: 'early' is not a bin: the form is name:from-to with fractions from 0 to 1")]
    [InlineData("[\"e:0-1%\"]", "QB1021: 'e:0-1%' is not a bin: the form is name:from-to with fractions from 0 to 1")]
    [InlineData("[\"e:0-1\\n\"]", "QB1021: 'e:0-1 ' is not a bin: the form is name:from-to with fractions from 0 to 1")]
    [InlineData("[\"e:0.5-0.5\"]", "QB1021: 'e:0.5-0.5' is not a bin: it ends before it starts, or is empty")]
    [InlineData("[\"e:0-33\"]", "QB1021: 'e:0-33' is not a bin: fractions go from 0 to 1")]
    [InlineData("[{ \"name\": \"e\", \"timesteps\": [900, 1000] }]", "QB1021: 'e' is not a bin: timesteps descend")]
    [InlineData("[{ \"name\": \"e\", \"timesteps\": [1000] }]",
        "QB1021: 'experts.high_noise.bins[0].timesteps' is not a bin: \"timesteps\" are the first and the last timestep, such as [999, 950]")]
    [InlineData("[{ \"name\": \"e\", \"timesteps\": [1000, 900], \"to\": 1 }]",
        "QB1021: 'e' is not a bin: it has both \"timesteps\" and fractions")]
    [InlineData("[{ \"name\": \"e\", \"timesteps\": [1001, 900] }]",
        "QB1014: 'experts.high_noise.bins[0].timesteps[0]' is 1001, but must be between 0 and 1000")]
    [InlineData("[{ \"name\": \"e\", \"from\": 0 }]", "QB1010: The key 'experts.high_noise.bins[0].to' is missing")]
    [InlineData("[{ \"from\": 0, \"to\": 1 }]", "QB1010: The key 'experts.high_noise.bins[0].name' is missing")]
    [InlineData("[{ \"name\": \"a b\", \"from\": 0, \"to\": 1 }]",
        "QB1019: 'experts.high_noise.bins[0].name' is 'a b': letters, digits, '_' and '-' make a name")]
    [InlineData("[5]", "QB1013: 'experts.high_noise.bins[0]' must be a text \"name:from-to\" or an object, not a number")]
    [InlineData("[]", "QB1016: The list 'experts.high_noise.bins' is empty")]
    [InlineData("[\"a:0-0.5\", \"a:0.5-1\"]", "QB1022: The expert has another bin named 'a' in line 3")]
    [InlineData("[\"a:0-0.5\", { \"name\": \"b\", \"timesteps\": [949, 900] }]",
        "QB1023: Bin 'b' is given by timesteps, the first bin of the expert by fractions")]
    [InlineData("[\"a:0-0.5\", \"b:0.4-1\"]", "QB1024: Bin 'b' starts at 0.4, before bin 'a' ends at 0.5")]
    [InlineData("[\"a:0-0.4\", \"b:0.5-1\"]",
        "QB1025: No bin covers the range between the end of bin 'a' at 0.4 and the start of bin 'b' at 0.5")]
    [InlineData("[\"a:0.1-1\"]", "QB1026: Bin 'a' starts at 0.1, but the bins of the expert must start at 0")]
    [InlineData("[\"a:0-0.9\"]", "QB1026: Bin 'a' ends at 0.9, but the bins of the expert must end at 1")]
    [InlineData("[{ \"name\": \"a\", \"timesteps\": [1000, 901] }]",
        "QB1026: Bin 'a' ends at 901, but the bins of the expert must end at 900")]
    [InlineData("[{ \"name\": \"a\", \"timesteps\": [998, 900] }]",
        "QB1026: Bin 'a' starts at 998, but the bins of the expert must start at 1000")]
    [InlineData("[{ \"name\": \"a\", \"timesteps\": [1000, 950] }, { \"name\": \"b\", \"timesteps\": [950, 900] }]",
        "QB1024: Bin 'b' starts at 950, before bin 'a' ends at 950")]
    [InlineData("[{ \"name\": \"a\", \"timesteps\": [1000, 950] }, { \"name\": \"b\", \"timesteps\": [948, 900] }]",
        "QB1025: No bin covers the range between the end of bin 'a' at 950 and the start of bin 'b' at 948")]
    public void Everything_else_is_refused(string bins, string expected) =>
        Assert.Equal(expected, ManifestText.Problem(ManifestText.WithBins(bins)));

    [Fact]
    public void Low_noise_bins_end_at_zero()
    {
        string text = ManifestText.Minimal.Replace("\"low_noise\": {}",
            "\"low_noise\": { \"bins\": [{ \"name\": \"a\", \"timesteps\": [899, 0] }] }");

        Assert.Equal((899, 0), ManifestText.Valid(text).Experts[1].Bins is [var bin] ? (bin.From, bin.To) : default);
    }
}
