using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;

namespace QuantBuild.Tests.Store;

public sealed class UserFoldersTests
{
    public UserFoldersTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "the home folder is no variable there");

    [Theory]
    [InlineData("/nonexistent/home", null, "does not exist")]
    [InlineData(".", null, "not an absolute path")]
    [InlineData("/dev/null", null, "is no folder")]
    [InlineData("/nonexistent/home", "relative", "does not exist")]
    public void Without_a_home_nothing_is_kept_in_the_current_folder(string home, string? caches, string why)
    {
        HubEnvironment environment = Hub(home, caches);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => environment.CacheFolder);

        Assert.StartsWith("quantbuild: error QB4050: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_CACHE", failure.Message, StringComparison.Ordinal);
        Assert.Null(environment.TokenFile);
    }

    [Fact]
    public void A_relative_cache_folder_is_ignored_and_an_absolute_one_needs_no_home()
    {
        string home = Path.GetTempPath();

        Assert.Equal(Path.Combine(home, ".cache", "huggingface", "hub"), Hub(home, "relative").CacheFolder);
        Assert.Equal("/caches/huggingface/hub", Hub("/nonexistent", "/caches").CacheFolder);
        Assert.Equal("/caches/huggingface/token", Hub("/nonexistent", "/caches").TokenFile);
    }

    [Fact]
    public async Task A_token_file_in_the_current_folder_is_not_found()
    {
        Directory.CreateDirectory(Path.Combine(".cache", "huggingface"));
        string planted = Path.Combine(".cache", "huggingface", "token");
        await File.WriteAllTextAsync(planted, "hf_planted", TestContext.Current.CancellationToken);
        try
        {
            Assert.Null(await TokenDiscovery.FindAsync(new HubOptions { Endpoint = new Uri("https://example.org/") },
                Hub("/nonexistent", null), ct: TestContext.Current.CancellationToken));
            Assert.Null(await TokenDiscovery.FindAsync(new HubOptions { Endpoint = new Uri("https://example.org/") }, Hub(".", ".cache"),
                ct: TestContext.Current.CancellationToken));
        }
        finally
        {
            File.Delete(planted);
        }
    }

    private static HubEnvironment Hub(string home, string? caches) => new(name => name switch
    {
        "HOME" => home,
        "XDG_CACHE_HOME" => caches,
        _ => null,
    });
}
