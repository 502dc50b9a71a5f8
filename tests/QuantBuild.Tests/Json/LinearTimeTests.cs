using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.SafeTensors;

namespace QuantBuild.Tests.Json;

/// <summary>Sixteen times the input takes about sixteen times as long, not 256 times; and memory keeps to the input's size.</summary>
[Collection(nameof(Alone))]
public sealed class LinearTimeTests
{
    private const string Head =
        """{"model":{"source":"c"},"experts":{"high_noise":{BINS},"low_noise":{}},"calibration":{"data":"c.jsonl"}""";

    // Collections of garbage, of which small inputs need none, and caches that overflow cost a few times as much; what is quadratic costs
    // 256 times as much.
    private const double Most = 100;

    public static TheoryData<string> Manifests => ["keys", "overrides", "bins", "gate-bins", "ratios", "characters", "key"];

    [Theory]
    [MemberData(nameof(Manifests))]
    public void A_manifest_of_one_line_is_read_in_time_of_its_length(string kind)
    {
        byte[] small = Manifest(kind, 50_000), large = Manifest(kind, 800_000);

        Assert.True(Ratio(() => ManifestReader.ReadText("/p/a.quant.json", small), () =>
            ManifestReader.ReadText("/p/a.quant.json", large)) < Most, kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_header_is_read_in_time_of_its_length(bool inOrder)
    {
        byte[] small = Header(5_000, inOrder), large = Header(80_000, inOrder);

        Assert.True(Ratio(() => SafeTensorsFile.FromMemory(small).Dispose(), () => SafeTensorsFile.FromMemory(large).Dispose()) < Most);
    }

    [Fact]
    public void A_header_takes_a_few_times_its_size_in_memory()
    {
        byte[] file = Header(50_000, inOrder: true);
        SafeTensorsFile.FromMemory(file).Dispose();
        long before = GC.GetAllocatedBytesForCurrentThread();

        SafeTensorsFile.FromMemory(file).Dispose();

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 6L * file.Length);
    }

    [Fact]
    public void A_shape_with_a_million_dimensions_and_metadata_without_end_are_refused()
    {
        string shape = $"[0{string.Concat(Enumerable.Repeat(",1", 1_000_000))}]";
        string metadata =
            string.Join(',', Enumerable.Range(0, 1_000_001).Select(i => string.Create(CultureInfo.InvariantCulture, $"\"{i:x}\":\"\"")));

        Assert.Throws<SafeTensorsException>(() =>
            SafeTensorsFile.FromMemory(RawFile.Of($"{{{RawFile.Entry("a", "U8", shape, "[0,0]")}}}", 0)));
        Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.FromMemory(RawFile.Of($"{{\"__metadata__\":{{{metadata}}}}}", 0)));
    }

    [Fact]
    public void Problems_without_end_are_cut_off_with_a_word()
    {
        ManifestReadResult result = ManifestReader.ReadText("/p/a.quant.json", Manifest("keys", 100_000));

        Assert.InRange(result.Diagnostics.Length, 400, 600);
        Assert.Contains(result.Diagnostics, problem => problem.Descriptor.Code == "QB1050");
    }

    [Fact]
    public void Places_count_utf16_units_whatever_the_length_of_the_line()
    {
        string before = "{\"$schema\":\"" + string.Concat(Enumerable.Repeat("aü€𝄞", 5000)) + "\",\n\"name\":\""
            + string.Concat(Enumerable.Repeat("𝄞", 700)) + "\", ";

        ManifestReadResult result = ManifestReader.ReadText("/p/a.quant.json", Encoding.UTF8.GetBytes(before + "\"nmae\":1}"));

        Assert.Contains(result.Diagnostics, problem => problem.Span is { } span && span.Line == 2
            && span.Column == before.Length - before.IndexOf('\n', StringComparison.Ordinal));
    }

    private static double Ratio(Action small, Action large)
    {
        small();
        large();
        return Best(large) / Math.Max(Best(small), 5e-4);
    }

    private static double Best(Action action) => Enumerable.Range(0, 5).Min(_ =>
    {
        // Time of the processor: that of the clock tells what else the machine does.
        TimeSpan start = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - start).TotalSeconds;
    });

    private static byte[] Manifest(string kind, int length)
    {
        string List(Func<int, string> item)
        {
            var text = new StringBuilder();
            for (int i = 0; text.Length < length; i++)
                text.Append(i > 0 ? "," : "").Append(item(i));
            return text.ToString();
        }

        string name(int i) => i.ToString(CultureInfo.InvariantCulture);
        string Bins(Func<int, string> item) => "\"bins\":[" + List(item) + "]";
        (string bins, string rest) = kind switch
        {
            "keys" => ("", "," + List(i => $"\"k{name(i)}\":1")),
            "overrides" =>
                ("", ",\"overrides\":[" + List(i => $"{{\"match\":\"blocks.{name(i)}.ffn.2\",\"lowRank\":{{\"rank\":8}}}}") + "]"),
            "bins" => (Bins(i => $"\"b{name(i)}:0-1\""), ""),
            "gate-bins" => (Bins(i => $"\"b{name(i)}:0-1\""), ",\"gates\":{\"rules\":[{\"bins\":[" + List(i => $"\"b{name(i)}\"") + "]}]}"),
            "ratios" => ("", ",\"quantize\":{\"activations\":{\"clipRatios\":[" + List(_ => "0.5") + "]}}"),
            "characters" => ("", ",\"overrides\":[" + List(_ => "\"𝄞ü\"") + "]"),
            _ => ("", ",\"" + new string('k', length) + "\":1"),
        };
        return Encoding.UTF8.GetBytes(Head.Replace("BINS", bins, StringComparison.Ordinal) + rest + "}");
    }

    private static byte[] Header(int tensors, bool inOrder)
    {
        IEnumerable<int> order = inOrder ? Enumerable.Range(0, tensors) : Enumerable.Range(0, tensors).Reverse();
        string entries =
            string.Join(',',
                order.Select(i =>
                    RawFile.Entry(string.Create(CultureInfo.InvariantCulture, $"blocks.{i}.weight"), "U8", "[1]",
                        string.Create(CultureInfo.InvariantCulture, $"[{i},{i + 1}]"))));
        return RawFile.Of($"{{{entries}}}", tensors);
    }
}
