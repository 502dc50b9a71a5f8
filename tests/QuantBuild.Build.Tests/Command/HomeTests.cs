using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>Service accounts and some containers have no home folder.</summary>
public sealed class HomeTests
{
    public HomeTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "the home folder is no variable there");

    [Theory]
    [InlineData("/nonexistent", null)]
    [InlineData("/nonexistent", "relative")]
    [InlineData(".", null)]
    public void Without_a_home_the_store_must_be_named(string home, string? caches)
    {
        using var model = new ReducedModel();
        IReadOnlyDictionary<string, string?> environment =
            Environments.With(("HOME", home), ("XDG_CACHE_HOME", caches), ("QUANTBUILD_CACHE", null));

        Outcome build = Tool.Run(model.Folder, environment, "build", model.Manifest, "--out", model.Output).Expect(1);
        Outcome cache = Tool.Run(model.Folder, environment, "cache", "stat").Expect(1);
        Outcome doctor = Tool.Run(model.Folder, environment, "doctor").Expect(1);

        foreach (string text in (string[])[build.Out, cache.Out, doctor.Out])
        {
            Assert.Contains("QB4050", text, StringComparison.Ordinal);
            Assert.Contains("QUANTBUILD_CACHE or --store", text, StringComparison.Ordinal);
        }
        Assert.Equal([model.Manifest], Directory.EnumerateFileSystemEntries(model.Folder));
        Tool.Run(model.Folder, environment, "plan", model.Manifest, "--store", model.Store).Expect(0);
    }

    [Fact]
    public void A_folder_for_temporary_files_that_does_not_exist_is_named()
    {
        using var model = new ReducedModel();
        model.Build().Expect(0);

        Outcome outcome = Tool.Run(model.Folder, Environments.With(("TMPDIR", "/nonexistent")), "sign", model.Output, "--key", "key.pem")
            .Expect(1);

        Assert.Matches(@"error QB\d{4}: .*TMPDIR", outcome.Out);
        Assert.DoesNotContain("QB9001", outcome.Out, StringComparison.Ordinal);
    }
}
