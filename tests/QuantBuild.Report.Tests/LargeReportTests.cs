using System.Text.Json.Nodes;
using Microsoft.Playwright;
using QuantBuild.Compiler.Reporting;

namespace QuantBuild.Report.Tests;

/// <summary>Pages made up for the occasion: as large as the real model's, with gaps, with a comparison.</summary>
public sealed class LargeReportTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"quantbuild-report-{Guid.NewGuid():N}.html");

    [Fact]
    public async Task A_page_of_800_layers_is_there_in_two_seconds_and_stays_quick()
    {
        Write(LargeModel.Create());
        await using OpenPage page = await browser.OpenAsync(_file); // the browser's own start is not the page's
        await AssertQuickAsync(page, async () =>
        {
            await page.Page.ReloadAsync();
            await page.View.Locator("figure.chart svg").First.WaitForAsync();
        });
        await AssertQuickAsync(page, async () =>
        {
            await page.GotoAsync("layers");
            await page.View.GetByLabel("Search layers").FillAsync("");
            Assert.Equal(800, (await page.ColumnAsync(0)).Count);
            await page.View.GetByLabel("Search layers").FillAsync("blocks.39. low");
            Assert.Equal(10, (await page.ColumnAsync(0)).Count);
        });

        await page.GotoAsync("errors");
        await page.View.Locator("figure.chart svg").First.WaitForAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{new FileInfo(_file).Length / 1e6:0.0} MB");
        Assert.InRange(new FileInfo(_file).Length, 2_000_000, 6_000_000);
    }

    [Fact]
    public async Task Results_that_were_pruned_leave_a_note_and_gaps()
    {
        BuildReport report = LargeModel.Create();
        report.Data["missing"] = new JsonArray(new JsonObject { ["stage"] = "Measure", ["count"] = 800 },
            new JsonObject { ["stage"] = "Trajectory", ["count"] = 12 });
        foreach (JsonNode? expert in report.Data["experts"]!.AsArray())
        {
            expert!["files"] = null;
            expert["sites"] = new JsonArray([.. expert["sites"]!.AsArray().Select(_ => (JsonNode?)null)]);
            foreach (JsonNode? layer in expert["layers"]!.AsArray())
            {
                foreach (string part in (string[])["relative", "cosine", "bins", "gptq"])
                    layer!.AsObject().Remove(part);
                layer!["clips"] = new JsonArray((JsonNode?)null);
            }
        }
        Write(report);

        await using OpenPage page = await browser.OpenAsync(_file);
        Assert.Contains("800 of Measure, 12 of Trajectory", await page.View.GetByRole(AriaRole.Note).InnerTextAsync(),
            StringComparison.Ordinal);
        foreach (string tab in await page.Page.GetByRole(AriaRole.Tab).AllInnerTextsAsync())
            await page.ShowAsync(tab);
    }

    [Fact]
    public async Task A_comparison_gets_its_own_part()
    {
        Write(LargeModel.Create() with
        {
            Diff = new JsonObject
            {
                ["before"] = "rank 16",
                ["after"] = "rank 32",
                ["bytes"] = new JsonArray(1000, 1200),
                ["layers"] = new JsonArray(new JsonObject { ["expert"] = "low_noise", ["name"] = "blocks.3.ffn.2",
                    ["why"] = "rank: 16 → 32", ["before"] = 0.1, ["after"] = 0.08, ["bytes"] = new JsonArray(33_000, 40_000) },
                    new JsonObject { ["expert"] = "high_noise", ["name"] = "blocks.1.ffn.0", ["why"] = "rank: 16 → 32", ["before"] = 0.1,
                        ["after"] = 0.06, ["bytes"] = null }),
            },
        });

        await using OpenPage page = await browser.OpenAsync(_file, "diff");
        // Where all became better, the largest improvement is on top.
        Assert.Equal(
            [
                "blocks.1.ffn.0", "high noise", "rank: 16 → 32", "10.0 %", "6.00 %", "−4.00 points", "–", "–",
                "blocks.3.ffn.2", "low noise", "rank: 16 → 32", "10.0 %", "8.00 %", "−2.00 points", "32.2 KiB", "39.1 KiB",
            ], await page.View.Locator("tbody td").AllInnerTextsAsync());
    }

    [Fact]
    public async Task Names_are_text_and_never_markup()
    {
        BuildReport report = LargeModel.Create();
        report.Data["name"] = "</script><img src=x onerror=alert(1)>";
        report.Data["experts"]![0]!["layers"]![0]!["why"] = "<b>bold</b>";
        Write(report);

        await using OpenPage page = await browser.OpenAsync(_file, "layer/high_noise/blocks.0.self_attn.q");
        Assert.Equal(0, await page.Page.Locator("img").CountAsync());
        await page.View.GetByText("<b>bold</b>").WaitForAsync();
    }

    public void Dispose() => File.Delete(_file);

    /// <summary>Two seconds of a processor at most.</summary>
    private static async Task AssertQuickAsync(OpenPage page, Func<Task> work)
    {
        double start = await page.ProcessorSecondsAsync();
        await work();
        double seconds = await page.ProcessorSecondsAsync() - start;
        TestContext.Current.TestOutputHelper?.WriteLine($"{seconds:0.00} s");
        Assert.InRange(seconds, 0.001, 2);
    }

    private void Write(BuildReport report) => File.WriteAllBytes(_file, ReportPage.Render(report, "test"));
}
