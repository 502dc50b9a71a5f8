using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.Tests.Manifests;

public sealed class ManifestFuzzTests
{
    private static readonly string[] Pieces =
        ["{", "}", "[", "]", ",", ":", "\"", "//", "/*", "null", "true", "-1", "1e999", "0.5", "\"*\"", "\\u0000", "\uFFFD", "𝄞", "\n",
            "{}", "[]", "\"bf16\""];

    [Fact]
    public void Any_damage_gives_a_manifest_or_errors_with_places_and_never_an_exception()
    {
        string original = File.ReadAllText(TestData.TinyWan("tinywan.quant.json")).Replace("// {", "{")
            .Replace("lowRank\": { \"rank\": 32 } },", "lowRank\": { \"rank\": 32 } }");
        string[] lines = original.Split('\n');
        var random = new Random(42);
        int valid = 0;
        for (int round = 0; round < 5000; round++)
        {
            byte[] text = random.Next(3) switch
            {
                0 => Spliced(original, random),
                1 => Encoding.UTF8.GetBytes(string.Join('\n', lines.Where(_ => random.Next(12) > 0))),
                _ => Flipped(original, random),
            };

            ManifestReadResult result = ManifestReader.ReadText("/project/model.quant.json", text);

            Assert.Equal(result.Manifest is null, result.Diagnostics.Any(d => d.Descriptor.Severity == Severity.Error));
            Assert.All(result.Diagnostics, d => Assert.True(d.Span is { Line: > 0, Column: > 0 } && d.Message.Length > 0));
            valid += result.Manifest is null ? 0 : 1;
        }
        Assert.InRange(valid, 50, 4900);
    }

    private static byte[] Spliced(string original, Random random)
    {
        int start = random.Next(original.Length);
        int length = random.Next(Math.Min(30, original.Length - start));
        return Encoding.UTF8.GetBytes(original.Remove(start, length).Insert(start, Pieces[random.Next(Pieces.Length)]));
    }

    private static byte[] Flipped(string original, Random random)
    {
        byte[] text = Encoding.UTF8.GetBytes(original);
        text[random.Next(text.Length)] = (byte)random.Next(256);
        return text;
    }
}
