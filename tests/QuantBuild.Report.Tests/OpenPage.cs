using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace QuantBuild.Report.Tests;

/// <summary>A report in a browser. On disposal it must have asked for nothing but itself, and its console must be empty.</summary>
public sealed class OpenPage : IAsyncDisposable
{
    private const float Patience = 120_000;
    private readonly string _file;
    private readonly ConcurrentQueue<string> _complaints = new();

    public OpenPage(IPage page, string file)
    {
        Page = page;
        page.SetDefaultTimeout(Patience);
        Assertions.SetDefaultExpectTimeout(Patience);
        _file = Path.GetFullPath(file);
        page.Console += (_, message) => _complaints.Enqueue($"console {message.Type}: {message.Text}");
        page.PageError += (_, error) => _complaints.Enqueue($"error: {error}");
        page.Request += (_, request) =>
        {
            // As paths: browsers do not escape the same characters as .NET.
            if (new Uri(request.Url).LocalPath != _file && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                _complaints.Enqueue($"request: {request.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>Waits for the part of the address after #, which the browser tells of a little after the page changed it.</summary>
    public Task ExpectPlaceAsync(string place) => Assertions.Expect(Page).ToHaveURLAsync(new Regex($"#{Regex.Escape(place)}$"));

    /// <summary>Seconds that the page's process has kept a processor busy: what others do on the machine does not count.</summary>
    public async Task<double> ProcessorSecondsAsync()
    {
        ICDPSession session = await Page.Context.NewCDPSessionAsync(Page);
        await session.SendAsync("Performance.enable");
        JsonElement metrics = (await session.SendAsync("Performance.getMetrics"))!.Value;
        await session.DetachAsync();
        return metrics.GetProperty("metrics").EnumerateArray().Single(metric => metric.GetProperty("name").GetString() == "ProcessTime")
            .GetProperty("value").GetDouble();
    }

    /// <summary>The visible part of the report.</summary>
    public ILocator View => Page.Locator("section.view:not([hidden])");

    public async Task GotoAsync(string place = "") =>
        await Page.GotoAsync(new Uri(_file).AbsoluteUri + (place.Length > 0 ? "#" + place : ""));

    /// <summary>Clicks a part's tab and waits until the part is in sight: until then <see cref="View"/> is the part before.</summary>
    public async Task ShowAsync(string tab)
    {
        ILocator button = Page.GetByRole(AriaRole.Tab, new() { Name = tab, Exact = true });
        await button.ClickAsync();
        await Assertions.Expect(button).ToHaveAttributeAsync("aria-selected", "true");
    }

    /// <summary>Texts of one column of the layer table, as shown.</summary>
    public async Task<IReadOnlyList<string>> ColumnAsync(int column) =>
        [.. (await View.Locator($"tbody tr td:nth-child({column + 1})").AllInnerTextsAsync()).Select(text => text.Trim())];

    /// <summary>The data that the page carries.</summary>
    public async Task<JsonElement> DataAsync() => JsonDocument.Parse((await Page.Locator("#data").TextContentAsync())!).RootElement;

    /// <summary>Where the centre of a cell of the n-th chart is, relative to the window.</summary>
    public async Task<(float X, float Y)> CellAsync(int chart, int column, int row)
    {
        ILocator box = View.Locator("figure.chart .box").Nth(chart);
        await box.ScrollIntoViewIfNeededAsync();
        await box.Locator("svg").WaitForAsync();
        double[] offset =
            await box.EvaluateAsync<double[]>("(box, cell) => echarts.getInstanceByDom(box).convertToPixel({ seriesIndex: 0 }, cell)",
                new[] { column, row });
        LocatorBoundingBoxResult place = (await box.BoundingBoxAsync())!;
        return ((float)(place.X + offset[0]), (float)(place.Y + offset[1]));
    }

    /// <summary>The tooltip of a chart.</summary>
    public ILocator Tip => View.Locator(".tip:visible");

    public async ValueTask DisposeAsync()
    {
        await Page.CloseAsync();
        Assert.Empty(_complaints);
    }
}
