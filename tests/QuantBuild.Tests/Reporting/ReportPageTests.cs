using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Reporting;

namespace QuantBuild.Tests.Reporting;

public sealed partial class ReportPageTests
{
    private static readonly string Charts = Path.Combine(TestData.Root, "src", "QuantBuild.Compiler", "Reporting", "Charts");

    [Fact]
    public void The_chart_library_is_the_one_whose_digest_is_recorded_with_its_version_and_licences()
    {
        byte[] library = File.ReadAllBytes(Path.Combine(Charts, "echarts.min.js"));
        string text = Encoding.UTF8.GetString(library);
        string version =
            JsonNode.Parse(File.ReadAllText(Path.Combine(Charts, "package.json")))!["dependencies"]!["echarts"]!.GetValue<string>();

        Assert.Equal(File.ReadAllText(Path.Combine(Charts, "echarts.min.js.sha256")).Split(' ')[0],
            Convert.ToHexStringLower(SHA256.HashData(library)));
        Assert.StartsWith($"/*! Apache ECharts {version}", text, StringComparison.Ordinal);
        Assert.All((string[])["LICENSE.zrender", "LICENSE.d3"], licence =>
            Assert.Contains(Squeezed(File.ReadAllText(Path.Combine(Charts, licence))), Squeezed(text), StringComparison.Ordinal));
        Assert.Contains(text, Page([]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_names_nothing_outside_of_itself()
    {
        string library = File.ReadAllText(Path.Combine(Charts, "echarts.min.js"));
        string page = Page([])
            .Replace(library, "",
                StringComparison.Ordinal); // made for the web, it can load pictures; the browser tests see that it does not

        Assert.DoesNotContain("{{", page[..page.IndexOf("<script>", StringComparison.Ordinal)], StringComparison.Ordinal);
        Assert.DoesNotContain(Loads().Matches(page), match => !match.Value.Contains("data:,", StringComparison.Ordinal)
            && !match.Value.Contains("\"#", StringComparison.Ordinal));
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        Assert.All(Addresses().Matches(library), address =>
            Assert.Equal("www.w3.org", address.Groups[1].Value)); // names of XML, which nobody fetches
    }

    [Fact]
    public void Data_cannot_end_its_element()
    {
        string page = Page(new JsonObject { ["name"] = "</script><!--" });

        Assert.Contains("""{"name":"\u003c/script>\u003c!--"}""", page, StringComparison.Ordinal);
        Assert.Contains("<title>&lt;/script&gt;&lt;!--: quantization report</title>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_reports_are_equal_pages_and_the_key_stands_in_the_head()
    {
        byte[] page = ReportPage.Render(new BuildReport(new JsonObject { ["b"] = 1, ["a"] = 2 }, []), "the key");

        Assert.Equal(page, ReportPage.Render(new BuildReport(new JsonObject { ["a"] = 2, ["b"] = 1 }, []), "the key"));
        Assert.Contains("the key", Encoding.UTF8.GetString(page[..1024]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(192)]
    [InlineData(5120)]
    [InlineData(7)]
    public void Channel_groups_cover_every_channel_once_and_show_its_largest(int channels)
    {
        var groups = new ChannelGroups(channels);
        var values = new float[channels];
        values[channels / 2] = 3;
        var maxima = new float[groups.Count];
        groups.Maxima(values, maxima);

        Assert.Equal(0, groups.Start(0));
        Assert.Equal(channels, groups.Start(groups.Count));
        Assert.All(Enumerable.Range(0, groups.Count), group => Assert.True(groups.Start(group + 1) > groups.Start(group)));
        int holder = Assert.Single(Enumerable.Range(0, groups.Count), group => maxima[group] == 3);
        Assert.InRange(channels / 2, groups.Start(holder), groups.Start(holder + 1) - 1);
    }

    private static string Page(JsonObject data) => Encoding.UTF8.GetString(ReportPage.Render(new BuildReport(data, []), "key"));

    private static string Squeezed(string text) => Spaces().Replace(text, " ").Trim();

    [GeneratedRegex("""<(?:script|link|img|iframe|a)\b[^>]*\b(?:src|href)="[^"]*"|@import|url\(""")]
    private static partial Regex Loads();

    [GeneratedRegex("https?://([a-zA-Z0-9.-]+)")]
    private static partial Regex Addresses();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
