using System.Diagnostics;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>Whole builds by the tool, which finds the backend as it does a package's.</summary>
public sealed class BuildTests
{
    private const string Model = """{ "model": "torch", "layers": "cpu", "device": "cpu" }""";

    [Theory]
    [InlineData(TinyManifest.Torch, TinyManifest.Gptq)]
    [InlineData(TinyManifest.Torch, TinyManifest.Defaults)]
    [InlineData("""{ "model": "cpu", "layers": "torch", "device": "cpu" }""", TinyManifest.Defaults)]
    public async Task Layers_are_as_good_as_the_processors(string compute, string recipe)
    {
        using var torch = new TorchProject { Compute = compute, Quantize = recipe };
        using var processor = new TorchProject { Compute = """{ "model": "cpu", "layers": "cpu" }""", Quantize = recipe };
        Assert.Equal(0, (await torch.BuildAsync()).Status);
        Assert.Equal(0, (await processor.BuildAsync()).Status);

        IReadOnlyDictionary<string, double> expected = processor.Errors();
        double[] ratios = [.. torch.Errors().Select(layer => layer.Value / expected[layer.Key])];

        Assert.Equal(20, ratios.Length);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"mean {Math.Exp(ratios.Average(Math.Log)):0.0000}, worst {ratios.Max():0.000}, best {ratios.Min():0.000}");
        Assert.InRange(Math.Exp(ratios.Average(Math.Log)), 0.98, 1.02);
        Assert.InRange(ratios.Max(), 0, 1.1);
        // It is another arithmetic all the same.
        Assert.NotEqual(processor.Tensors(), torch.Tensors());
    }

    [Fact]
    public async Task The_same_bytes_come_from_another_process_and_from_the_store_without_libtorch()
    {
        using TorchProject first = new(), second = new();
        Assert.Equal(0, (await first.BuildAsync()).Status);
        Assert.Equal(0, (await second.BuildAsync()).Status);
        using var stored = new TorchProject { Store = first.Store, LibTorch = "/nowhere" };

        (int status, string said) = await stored.BuildAsync();

        Assert.Equal(0, status);
        Assert.Contains("0 actions ran", said, StringComparison.Ordinal);
        Assert.Equal(first.Tensors(), second.Tensors());
        Assert.Equal(first.Tensors(), stored.Tensors());
    }

    [Theory]
    // Two blocks, one expert: three quarters of it are for weights, and an expert takes 6.8 MB.
    [InlineData("6MiB")]
    [InlineData("12MiB")]
    public async Task Weights_that_do_not_fit_the_device_stay_in_their_files_and_no_byte_changes(string memory)
    {
        using TorchProject small = new() { Compute = Model }, whole = new() { Compute = Model };

        Assert.Equal(0, (await small.BuildAsync("--device-memory", memory)).Status);
        Assert.Equal(0, (await whole.BuildAsync()).Status);

        Assert.Equal(whole.Tensors(), small.Tensors());
        Assert.Equal(whole.Errors(), small.Errors());
    }

    [Fact]
    public async Task A_device_that_no_layer_fits_is_refused_before_anything_is_begun()
    {
        using var project = new TorchProject();

        (int status, string said) = await project.BuildAsync("--device-memory", "64MiB");

        Assert.NotEqual(0, status);
        Assert.Contains("error QB3270: ", said, StringComparison.Ordinal);
        Assert.Contains("of the device's memory (Measure), and 19 others need too much; the device, or --device-memory, has 64 MiB", said,
            StringComparison.Ordinal);
        Assert.Equal(0, project.Actions);
    }

    [Fact]
    public async Task Ranks_under_a_budget_are_chosen_by_the_device()
    {
        using TorchProject torch = new() { Quantize = TinyManifest.Ranks }, processor = new()
        {
            Compute = """{ "model": "cpu", "layers": "cpu" }""", Quantize = TinyManifest.Ranks,
        };
        (int status, string said) = await torch.BuildAsync();
        Assert.True(status == 0, said);
        Assert.Equal(0, (await processor.BuildAsync()).Status);

        IReadOnlyDictionary<string, double> expected = processor.Errors();
        double[] ratios = [.. torch.Errors().Select(layer => layer.Value / expected[layer.Key])];

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"mean {Math.Exp(ratios.Average(Math.Log)):0.0000}, worst {ratios.Max():0.000}, best {ratios.Min():0.000}");
        Assert.InRange(Math.Exp(ratios.Average(Math.Log)), 0.98, 1.02);
        Assert.StartsWith("torch-2.10-cpu-", Assert.Single(torch.ProfilesOf("Curve")), StringComparison.Ordinal);
        Assert.Equal(torch.ProfilesOf("Gptq"), torch.ProfilesOf("Curve"));
        Assert.Equal(torch.ProfilesOf("Gptq"), torch.ProfilesOf("Rotate"));
    }

    [Fact]
    public async Task A_device_that_a_pass_does_not_fit_is_told_with_what_it_needs_before_anything_is_begun()
    {
        using TorchProject project = new() { Compute = Model };

        (int status, string said) = await project.BuildAsync("--device-memory", "1MiB");

        Assert.Equal(1, status);
        Assert.Matches("error QB3250: Trajectory sample 00[0-9] needs about [0-9.]+ MiB of the device's memory: [0-9.]+ MiB for weights "
            + "[(]blocks that are streamed[)] and [0-9.]+ MiB for a pass of 120 tokens; the device, or --device-memory, has 1 MiB", said);
        Assert.Equal(0, project.Actions);
    }

    [Fact]
    public async Task A_build_whose_process_is_killed_keeps_what_is_finished_and_goes_on()
    {
        using TorchProject broken = new(), whole = new();
        using (Process process = broken.Start())
        {
            while (broken.Actions < 10 && !process.HasExited)
                await Task.Delay(50, TestContext.Current.CancellationToken);
            Assert.False(process.HasExited);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        (int status, string said) = await broken.BuildAsync();

        Assert.Equal(0, status);
        Assert.DoesNotContain(" 0 came from the store", said, StringComparison.Ordinal);
        Assert.Equal(0, (await whole.BuildAsync()).Status);
        Assert.Equal(whole.Tensors(), broken.Tensors());
    }

    [Theory]
    [InlineData("cpu", "/nowhere", "QB3240", "there is no libtorch in /nowhere")]
    [InlineData("cuda", null, "QB3243", "without CUDA")]
    public async Task What_is_missing_is_told_before_anything_is_begun(string device, string? folder, string code, string why)
    {
        using var project = new TorchProject
        {
            Compute = $$"""{ "model": "cpu", "layers": "torch", "device": "{{device}}" }""",
            LibTorch = folder ?? Natives.Folder,
        };

        (int status, string said) = await project.BuildAsync();

        Assert.NotEqual(0, status);
        Assert.Contains($"error {code}", said, StringComparison.Ordinal);
        Assert.Contains(why, said, StringComparison.Ordinal);
        Assert.Equal(0, project.Actions);
    }

    [Fact]
    public async Task A_libtorch_of_another_version_is_told_before_anything_is_begun()
    {
        using var folder = new NativeFolder();
        folder.Copy("libm.so.6", "libtorch_cpu.so");
        using var project = new TorchProject { LibTorch = folder.Path };

        (int status, string said) = await project.BuildAsync();

        Assert.NotEqual(0, status);
        Assert.Contains($"error QB3242: libtorch of {folder.Path} is older than 2.7; TorchSharp is built for 2.10", said,
            StringComparison.Ordinal);
        Assert.Equal(0, project.Actions);
    }

    [Fact]
    public async Task A_standard_library_that_is_too_old_is_told_before_anything_is_begun()
    {
        using var folder = new NativeFolder();
        folder.Copy("libstdc++.so.6", "libstdc++.so.6", without: "_ZSt21ios_base_library_initv");
        using var project = new TorchProject();
        project.Variables.Add("LD_LIBRARY_PATH", folder.Path);

        (int status, string said) = await project.BuildAsync();

        Assert.NotEqual(0, status);
        Assert.Contains("error QB3241: TorchSharp needs a libstdc++ that has GLIBCXX_3.4.32", said, StringComparison.Ordinal);
        Assert.Equal(0, project.Actions);
    }

    [Fact]
    public async Task Libtorch_may_be_spread_over_packages_as_that_for_gpus_is()
    {
        using var packages = new SplitPackages();
        using TorchProject spread = new() { LibTorch = "" }, whole = new(), part = new() { LibTorch = packages.First };
        Assert.Contains("error QB3240: ", (await part.BuildAsync()).Said, StringComparison.Ordinal);

        (int status, string said) = await spread.BuildAsync("--project-assets", packages.Assets);

        Assert.True(status == 0, said);
        Assert.Equal(0, (await whole.BuildAsync()).Status);
        Assert.Equal(whole.Tensors(), spread.Tensors());
    }

    [Theory]
    [InlineData("QUANTBUILD_TORCH_PROFILE", "torch-2.10-cuda-sm90-132", "QB3245")]
    [InlineData("QUANTBUILD_TORCH_THREADS", "many", "QB3246")]
    [InlineData("QUANTBUILD_DEVICE", "cuda:1", "QB3243")]
    public async Task Variables_that_do_not_fit_are_told_before_anything_is_begun(string variable, string value, string code)
    {
        using var project = new TorchProject();
        project.Variables.Add(variable, value);

        (int status, string said) = await project.BuildAsync();

        Assert.NotEqual(0, status);
        Assert.Contains($"error {code}", said, StringComparison.Ordinal);
        Assert.Contains(value, said, StringComparison.Ordinal);
        Assert.Equal(0, project.Actions);
    }
}
