using System.Diagnostics;
using QuantBuild.Compiler.Torch.Tests.Building;

namespace QuantBuild.Compiler.Torch.Tests.Packages;

/// <summary>Apps outside the repository that build their models by torch with the packages and <c>dotnet build</c>.</summary>
[Collection<PackedFeedCollection>]
public sealed class AppBuildTests(PackedFeed feed)
{
    [Fact]
    public async Task An_app_builds_its_model_by_torch_and_runs_it_by_torch()
    {
        using var app = new ModelApp(feed, ModelApp.Backend + ModelApp.LibTorch);

        (int status, string said) = await app.BuildAsync();

        Assert.Equal(0, status);
        // So few tokens as the test takes deserve a warning.
        Assert.DoesNotMatch("warning (?!QB1041)", said);
        Assert.Contains("torch-2.10-cpu-", await File.ReadAllTextAsync(Path.Combine(app.Quant, "tiny", "artifact.json"),
            TestContext.Current.CancellationToken), StringComparison.Ordinal);
        // The build needed libtorch and the backend; the app has neither.
        Assert.DoesNotContain(Directory.EnumerateFiles(app.Output, "*", SearchOption.AllDirectories).Select(Path.GetFileName),
            name => name!.Contains("torch_cpu", StringComparison.Ordinal) || name.Contains("Compiler", StringComparison.Ordinal));
        (status, said) = await app.RunAsync(Natives.Folder);
        Assert.Equal(0, status);
        Assert.Matches("^tiny on torch-2\\.10-cpu-[0-9a-f]{8}-t2-bf16", said);

        // By hand in the project's folder, the tool finds backend and libtorch where the build did, and all results in the store.
        (status, said) = await app.RunToolAsync("build", "--out", "again", "--store", "store");
        Assert.Equal(0, status);
        Assert.Contains("0 actions ran", said, StringComparison.Ordinal);

        (status, said) = await app.BuildAsync("-p:QuantTorch=/nowhere");
        Assert.Equal(0, status);
        Assert.DoesNotContain("Quantizing", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_a_native_library_ends_is_told_of_and_the_next_build_goes_on()
    {
        // With refits, which take long enough to be caught in their middle on any machine.
        using var app = new ModelApp(feed, ModelApp.Backend + ModelApp.LibTorch, quantize: TinyManifest.Defaults);
        using Process build = app.StartBuild();

        (int status, string said) = await Programs.EndAsync(build, async () =>
        {
            while (app.Actions < 8 && !build.HasExited)
                await Task.Delay(50, TestContext.Current.CancellationToken);
            // One that comes from outside may only take .NET's handler away; that of a library in the process ends it.
            for (int worker = app.Worker; Signals.TrySend(worker, Signals.Abort);)
                await Task.Delay(20, TestContext.Current.CancellationToken);
        });

        Assert.Equal(1, status);
        Assert.Contains("error QB0003: The quantizer ended with exit code 134 and without a diagnostic; what it finished is kept", said,
            StringComparison.Ordinal);
        (status, said) = await app.BuildAsync();
        Assert.Equal(0, status);
        Assert.DoesNotContain(" 0 came from the store", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", "QB3220", "it is in the package QuantBuild.Compiler.Torch")]
    [InlineData(ModelApp.Backend, "", "QB3240", "there is no libtorch")]
    [InlineData(ModelApp.Backend + ModelApp.LibTorch, "-p:QuantTorch=nowhere", "QB3240", "nowhere")]
    [InlineData(ModelApp.Backend + ModelApp.LibTorch, "-p:QuantDevice=cuda:1", "QB3243", "names cuda:1")]
    [InlineData(ModelApp.Backend + ModelApp.LibTorch, "-p:QuantDevice=gpu", "QB0010", "'gpu' cannot be the value of QuantDevice")]
    public async Task What_is_missing_is_one_sentence_before_any_work(string references, string option, string code, string why)
    {
        using var app = new ModelApp(feed, references);

        (int status, string said) = await app.BuildAsync([.. new[] { option }.Where(text => text.Length > 0)]);

        Assert.Equal(1, status);
        Assert.Contains($"error {code}", said, StringComparison.Ordinal);
        Assert.Contains(why, said, StringComparison.Ordinal);
        Assert.Equal(0, app.Actions);
    }
}
