using System.Globalization;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Diagnostics;

public sealed partial class DescriptorTests
{
    [Fact]
    public void Codes_are_unique_and_well_formed()
    {
        Assert.NotEmpty(Descriptors.All);
        Assert.All(Descriptors.All, descriptor => Assert.Matches("^QB[0-59][0-9]{3}$", descriptor.Code));
        Assert.Equal(Descriptors.All.Select(d => d.Code).Distinct(), Descriptors.All.Select(d => d.Code));
        Assert.Equal("QB9001", Descriptors.InternalError.Code);
    }

    [Fact]
    public void No_file_mixes_buckets()
    {
        string folder = Path.Combine(TestData.Root, "src", "QuantBuild.Compiler", "Diagnostics");

        string[][] buckets = [.. Directory.GetFiles(folder, "Descriptors.*.cs")
            .Select(file => Code().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value).Where(b => b != "9").Distinct()
                .ToArray())];

        Assert.All(buckets, bucket => Assert.Single(bucket));
    }

    [Fact]
    public void Messages_number_their_holes_from_zero_and_format()
    {
        Assert.All(Descriptors.All, descriptor =>
        {
            int[] holes = [.. Hole().Matches(descriptor.Format).Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))
                .Distinct().Order()];
            Assert.Equal(Enumerable.Range(0, holes.Length), holes);

            string message = descriptor.At(null, [.. holes.Select(object? (i) => $"value{i}")]).Message;

            Assert.All(holes, i => Assert.Contains($"value{i}", message));
            Assert.DoesNotContain('{', message);
        });
    }

    [Fact]
    public void Every_descriptor_names_a_cause_and_a_cure()
    {
        Assert.All(Descriptors.All, descriptor =>
        {
            Assert.EndsWith(".", descriptor.Cause);
            Assert.EndsWith(".", descriptor.Cure);
        });
    }

    [Fact]
    public void Diagnostics_have_the_form_that_build_tools_parse()
    {
        var span = new SourceSpan("/a/b.quant.json", 3, 7);

        Assert.Equal("/a/b.quant.json(3,7): error QB1010: The key 'model' is missing", Descriptors.MissingKey.At(span, "model").ToString());
        Assert.Equal("/a/b.quant.json: error QB1001: The manifest does not exist",
            Descriptors.ManifestNotFound.At(new SourceSpan("/a/b.quant.json")).ToString());
        Assert.Equal("quantbuild: error QB9001: Internal error: a b", Descriptors.InternalError.At(null, "a\nb").ToString());
    }

    [GeneratedRegex("\"QB([0-9])[0-9]{3}\"")]
    private static partial Regex Code();

    [GeneratedRegex(@"\{([0-9]+)\}")]
    private static partial Regex Hole();
}
