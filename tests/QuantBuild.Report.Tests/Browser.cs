using Microsoft.Playwright;

namespace QuantBuild.Report.Tests;

/// <summary>The system's Chromium, started once for all tests; they skip, and say so, where there is none.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Find() is not { } chromium)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Timeout = 120_000,
            Args = ["--no-sandbox"] });
    }

    /// <summary>Opens a page from disk, and watches what it says and asks for.</summary>
    /// <param name="file">The file.</param>
    /// <param name="address">The part of the address after #.</param>
    /// <param name="width">Width of the window.</param>
    /// <param name="scheme">What the system prefers.</param>
    public async Task<OpenPage> OpenAsync(string file, string address = "", int width = 1280, ColorScheme scheme = ColorScheme.Light)
    {
        if (_browser is null)
            Assert.Skip($"There is no Chromium on this machine: none of {string.Join(", ", Names)} is on the PATH (apt-get install "
                + $"chromium).");
        IPage page = await _browser.NewPageAsync(new BrowserNewPageOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            ColorScheme = scheme,
        });
        var open = new OpenPage(page, file);
        await open.GotoAsync(address);
        return open;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names.SelectMany(name => (string[])[Path.Combine(folder, name), Path.Combine(folder, name + ".exe")]))
        .FirstOrDefault(File.Exists);
}
