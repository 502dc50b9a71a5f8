using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;

namespace QuantBuild.Report.Tests;

/// <summary>The page that a build of TinyWan writes, opened from disk and used with mouse and keyboard.</summary>
public sealed class ReportPageTests(Browser browser) : IClassFixture<Browser>
{
    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(400, ColorScheme.Light)]
    public async Task Every_part_draws_its_charts_fits_the_window_asks_for_nothing_and_leaves_the_console_empty(int width,
        ColorScheme scheme)
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, width: width, scheme: scheme);
        foreach (string tab in await page.Page.GetByRole(AriaRole.Tab).AllInnerTextsAsync())
        {
            await page.ShowAsync(tab);
            foreach (ILocator box in await page.View.Locator("figure.chart .box").AllAsync())
            {
                await box.ScrollIntoViewIfNeededAsync();
                await box.Locator("svg").WaitForAsync();
            }
            Assert.True(await page.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"),
                $"{tab} is wider than the window");
        }
    }

    [Fact]
    public async Task The_first_screen_says_how_good_what_hurts_and_what_changed()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path);
        JsonElement[] layers = await LayersAsync(page);
        double mean = layers.Average(Error);
        JsonElement worst = layers.MaxBy(Error);

        Assert.Contains(Percent(mean), await page.View.Locator(".verdict").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal(worst.GetProperty("name").GetString(), (await page.ColumnAsync(0))[0]);
        string text = await page.View.InnerTextAsync();
        Assert.Contains("What hurts", text, StringComparison.Ordinal);
        Assert.Contains("What changed", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_click_on_a_heading_sorts_and_a_second_one_turns_the_order_around()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, "layers");
        double[] expected = [.. (await LayersAsync(page)).Select(layer => layer.GetProperty("cosine")[3].GetDouble()).Order()];
        ILocator heading = page.View.GetByRole(AriaRole.Columnheader, new() { Name = "Cosine error" });

        await heading.GetByRole(AriaRole.Button).ClickAsync();
        Assert.Equal("descending", await heading.GetAttributeAsync("aria-sort"));
        Assert.Equal(expected.Reverse().Select(Number), await page.ColumnAsync(5));

        await heading.GetByRole(AriaRole.Button).ClickAsync();
        Assert.Equal("ascending", await heading.GetAttributeAsync("aria-sort"));
        Assert.Equal(expected.Select(Number), await page.ColumnAsync(5));
    }

    [Fact]
    public async Task Searching_leaves_the_layers_that_have_every_word()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, "layers");
        await page.View.GetByLabel("Search layers").FillAsync("low 3.ffn");

        Assert.Equal(["blocks.3.ffn.0", "blocks.3.ffn.2"], (await page.ColumnAsync(0)).Order(StringComparer.Ordinal));
        Assert.All(await page.ColumnAsync(1), expert => Assert.Equal("low noise", expert));
        Assert.StartsWith("2 of 120", await page.View.GetByRole(AriaRole.Status).InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Choosing_an_expert_shows_only_its_layers_and_its_map()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, "layers");
        await page.Page.Locator("label", new() { HasText = "high noise" }).ClickAsync();

        IReadOnlyList<string> experts = await page.ColumnAsync(1);
        Assert.Equal(60, experts.Count);
        Assert.All(experts, expert => Assert.Equal("high noise", expert));

        await page.ShowAsync("Error map");
        Assert.Equal(["high noise expert: output error", "By depth: mean output error of a block's layers"],
            await page.View.Locator("figcaption").AllInnerTextsAsync());
    }

    [Fact]
    public async Task Hovering_a_cell_of_the_error_map_shows_the_layer_and_its_value()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, "errors");
        JsonElement[] layers = await LayersAsync(page, expert: 1);
        (float x, float y) = await page.CellAsync(chart: 1, column: 3, row: 9);
        await page.Page.Mouse.MoveAsync(x, y);

        JsonElement layer = layers.Single(layer => layer.GetProperty("name").GetString() == "blocks.3.ffn.2");
        await Assertions.Expect(page.Tip).ToContainTextAsync("blocks.3.ffn.2");
        await Assertions.Expect(page.Tip).ToContainTextAsync(Percent(Error(layer)));

        await page.Page.Locator("label", new() { HasText = "cosine error" }).ClickAsync();
        (x, y) = await page.CellAsync(chart: 1, column: 3, row: 9);
        await page.Page.Mouse.MoveAsync(x + 1, y + 1);
        await Assertions.Expect(page.Tip).ToContainTextAsync(Number(layer.GetProperty("cosine")[3].GetDouble()));

        await page.Page.Mouse.ClickAsync(x, y);
        await page.ExpectPlaceAsync("layer/low_noise/blocks.3.ffn.2");
    }

    [Fact]
    public async Task Arrow_keys_walk_over_the_error_map_and_read_it_out_and_Enter_opens_the_layer()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, "errors");
        await page.CellAsync(chart: 0, column: 0, row: 0);
        JsonElement layer = (await LayersAsync(page, expert: 0)).Single(layer => layer.GetProperty("name")
            .GetString() == "blocks.2.self_attn.k");

        await page.View.Locator("figure.chart .box").First.FocusAsync();
        foreach (string key in (string[])["ArrowRight", "ArrowRight", "ArrowDown"])
            await page.Page.Keyboard.PressAsync(key);
        ILocator read = page.Page.Locator("#live");
        await Assertions.Expect(read).ToContainTextAsync("blocks.2.self_attn.k");
        await Assertions.Expect(read).ToContainTextAsync(Percent(Error(layer)));
        await Assertions.Expect(page.Tip).ToContainTextAsync("blocks.2.self_attn.k");

        await page.Page.Keyboard.PressAsync("Enter");
        await page.ExpectPlaceAsync("layer/high_noise/blocks.2.self_attn.k");
    }

    [Fact]
    public async Task Tabs_are_walked_with_arrow_keys_and_layers_with_buttons()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path);
        await page.Page.GetByRole(AriaRole.Tab, new() { Name = "Overview" }).FocusAsync();
        await page.Page.Keyboard.PressAsync("ArrowRight");
        await page.ExpectPlaceAsync("layers");
        await page.Page.Keyboard.PressAsync("End");
        await page.ExpectPlaceAsync("build");
        await page.Page.Keyboard.PressAsync("ArrowRight");
        await page.ExpectPlaceAsync("overview");

        await page.GotoAsync("layer/high_noise/blocks.0.self_attn.q");
        await page.View.GetByRole(AriaRole.Button, new() { Name = "Next" }).PressAsync("Enter");
        await page.View.GetByRole(AriaRole.Heading, new() { Name = "high noise blocks.0.self_attn.k" }).WaitForAsync();
    }

    [Fact]
    public async Task A_layer_tells_what_the_build_chose_for_it()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, "layer/high_noise/blocks.3.ffn.2");
        JsonElement layer = (await LayersAsync(page, expert: 0)).Single(layer => layer.GetProperty("name").GetString() == "blocks.3.ffn.2");

        string facts = await page.View.Locator("dl.facts").InnerTextAsync();

        Assert.Contains("refit, at most 6 rounds", facts, StringComparison.Ordinal);
        Assert.Matches(
            @"(round \d of \d|the first rounding) kept, loss [\d.]+ % of the first rounding's; made for clip ratio 0\.\d+; ridge ", facts);
        Assert.Contains(layer.GetProperty("rotation").GetProperty("rotated").GetBoolean() ? "Hadamard, blocks of 32: " : "none: ", facts,
            StringComparison.Ordinal);
        Assert.Contains("of the error without it, when tried", facts, StringComparison.Ordinal);
        Assert.Matches("alpha 0\\.5, (a vector of its own|the site's vector)", facts);
    }

    [Fact]
    public async Task An_address_leads_to_a_layer_and_a_wrong_one_says_so()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, "layer/low_noise/blocks.3.ffn.2");
        Assert.Contains("low noise blocks.3.ffn.2", await page.View.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal(["Output error by bin and method", "Error over all clip candidates"],
            (await page.View.Locator("figcaption").AllInnerTextsAsync()).Take(2));

        await page.GotoAsync("layer/low_noise/blocks.99.ffn.2");
        await page.View.GetByText("There is no layer “low_noise/blocks.99.ffn.2”").WaitForAsync();
    }

    [Fact]
    public async Task The_theme_follows_the_system_until_somebody_chooses_and_the_choice_is_remembered()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, scheme: ColorScheme.Dark);
        string dark = await BackgroundAsync(page);
        await page.Page.Locator("label", new() { HasText = "light" }).ClickAsync();
        string light = await BackgroundAsync(page);
        Assert.NotEqual(dark, light);

        await page.Page.ReloadAsync();
        Assert.Equal(light, await BackgroundAsync(page));
        await page.Page.Locator("label", new() { HasText = "auto" }).ClickAsync();
        Assert.Equal(dark, await BackgroundAsync(page));
    }

    [Fact]
    public async Task Every_chart_can_be_read_as_a_table()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, "errors");
        JsonElement first = (await LayersAsync(page, expert: 0))[0];
        await page.View.GetByText("Show as a table").First.ClickAsync();

        Assert.Equal(["self_attn.q", Percent(Error(first))],
            (await page.View.Locator("details tbody tr").First.Locator("td").AllInnerTextsAsync()).Take(2));
    }

    [Fact]
    public async Task Paper_gets_every_part_with_every_chart()
    {
        await using OpenPage page = await browser.OpenAsync(TinyWanReport.Path, scheme: ColorScheme.Dark);
        byte[] paper = await page.Page.PdfAsync(new PagePdfOptions { Format = "A4" });
        Assert.InRange(paper.Length, 100_000, 3_000_000);

        await page.Page.EvaluateAsync("() => dispatchEvent(new Event('beforeprint'))");
        await page.Page.EmulateMediaAsync(new PageEmulateMediaOptions { Media = Media.Print });
        int sections = await page.Page.Locator("section.view").CountAsync();
        Assert.Equal(sections, await page.Page.Locator("section.view:visible").CountAsync());
        int charts = await page.Page.Locator("figure.chart").CountAsync();
        Assert.True(charts > 15, $"{charts} charts");
        Assert.Equal(charts, await page.Page.Locator("figure.chart .box svg").CountAsync());
        Assert.Equal("rgb(255, 255, 255)",
            await page.Page
                .EvaluateAsync<string>(
                    "() => { const probe = document.createElement('i'); probe.style.color = 'var(--card)'; document.body.append(probe); "
                        + "return getComputedStyle(probe).color; }"));
    }

    [Fact]
    public void The_page_of_TinyWan_is_small() => Assert.InRange(new FileInfo(TinyWanReport.Path).Length, 600_000, 3_000_000);

    private static async Task<string> BackgroundAsync(OpenPage page) =>
        await page.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");

    private static async Task<JsonElement[]> LayersAsync(OpenPage page, int? expert = null) =>
        [.. (await page.DataAsync()).GetProperty("experts").EnumerateArray()
        .Where((_, index) => expert is null || index == expert).SelectMany(one => one.GetProperty("layers").EnumerateArray())];

    private static double Error(JsonElement layer) => layer.GetProperty("relative")[3].GetDouble();

    /// <summary>As the page writes a percentage: three digits that count.</summary>
    private static string Percent(double value) => (value * 100).ToString(value >= 0.09995 ? "0.0" : "0.00", CultureInfo.InvariantCulture)
        + " %";

    /// <summary>As the page writes a small number.</summary>
    private static string Number(double value)
    {
        string[] parts = value.ToString("E2", CultureInfo.InvariantCulture).Split('E');
        int exponent = int.Parse(parts[1], CultureInfo.InvariantCulture);
        return exponent >= -3
            ? value.ToString("0." + new string('0', 2 - exponent), CultureInfo.InvariantCulture)
            : $"{parts[0]}e{exponent}";
    }
}
