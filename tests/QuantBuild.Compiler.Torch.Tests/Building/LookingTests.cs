using System.Text.Json;
using QuantBuild.Tests;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>What the tool says of libtorch and its device before anything is built.</summary>
public sealed class LookingTests
{
    [Fact]
    public async Task Doctor_tells_library_device_and_arithmetic_or_what_is_missing()
    {
        using TorchProject project = new(), without = new() { LibTorch = "/nowhere" };
        project.Variables.Add("QUANTBUILD_TORCH_THREADS", "2");

        string said = await project.DoctorAsync();
        Assert.Contains($"good      torch      libtorch 2.10 of {Natives.Folder}; cpu, 2 threads", said, StringComparison.Ordinal);
        Assert.Matches("Manifests with compute: torch and device cpu are computed there \\(torch-2[.]10-cpu-[0-9a-f]{8}-t2-bf16\\)", said);
        Assert.Matches("note      torch      the libtorch of .* is one for processors, without CUDA",
            await project.DoctorAsync("--device", "cuda"));
        Assert.Matches("note      torch      there is no libtorch in /nowhere", await without.DoctorAsync());
    }

    [Fact]
    public async Task A_plan_predicts_stages_of_the_device_by_its_measured_speed_and_goes_on_without_one()
    {
        using TorchProject layers = new() { Compute = """{ "model": "cpu", "layers": "torch", "device": "cpu" }""" },
            without = new() { Compute = layers.Compute, LibTorch = "/nowhere" };

        (int status, JsonElement plan) = await layers.PlanAsync();

        Assert.Equal(0, status);
        JsonElement time = plan.GetProperty("time");
        string[] onDevice = [.. time.GetProperty("stages").EnumerateArray().Where(stage => stage.TryGetProperty("deviceSeconds", out _))
            .Select(stage => stage.GetProperty("stage").GetString()!)];
        Assert.Equal(["LowRank", "Gptq", "Clip", "Measure"], onDevice);
        Assert.InRange(time.GetProperty("deviceSeconds").GetDouble(), 0.01, 600);

        (status, plan) = await without.PlanAsync();
        Assert.Equal(0, status);
        Assert.Equal(0, plan.GetProperty("time").GetProperty("deviceSeconds").GetDouble());
    }

    [Fact]
    public async Task A_plan_predicts_the_memory_of_the_device_and_says_when_it_does_not_fit()
    {
        using TorchProject project = new(), own = new() { Compute = """{ "model": "cpu", "layers": "cpu" }""" };

        JsonElement device = (await project.PlanAsync()).Plan.GetProperty("device");
        JsonElement model = device.GetProperty("model");
        long expert = new DirectoryInfo(Path.Combine(TestData.TinyWan("checkpoint"), "low_noise_model")).EnumerateFiles("*.safetensors")
            .Sum(file => file.Length);
        Assert.Equal("both experts", model.GetProperty("weights").GetString());
        Assert.InRange(model.GetProperty("weightBytes").GetInt64(), 1.9 * expert, 2 * expert);
        Assert.Equal(120, model.GetProperty("tokens").GetInt32());
        Assert.Equal(JsonValueKind.Null, device.GetProperty("limitBytes").ValueKind);
        Assert.Equal(["LowRank", "Gptq", "Clip", "Measure"], device.GetProperty("layers").EnumerateObject().Select(stage => stage.Name));
        Assert.Equal(device.GetProperty("layers").EnumerateObject().Max(stage => stage.Value.GetInt64()),
            device.GetProperty("bytes").GetInt64());

        device = (await project.PlanAsync("--device-memory", "12MiB")).Plan.GetProperty("device");
        Assert.Equal("one expert at a time", device.GetProperty("model").GetProperty("weights").GetString());
        Assert.False(device.GetProperty("fits").GetBoolean());

        device = (await project.PlanAsync("--device-memory", "6MiB")).Plan.GetProperty("device");
        Assert.Equal("blocks that are streamed", device.GetProperty("model").GetProperty("weights").GetString());
        Assert.InRange(device.GetProperty("model").GetProperty("weightBytes").GetInt64(), expert * 2 / 6, expert / 2);

        Assert.Equal(JsonValueKind.Null, (await own.PlanAsync()).Plan.GetProperty("device").ValueKind);

        (int status, string said) = await project.RunAsync("plan",
            [project.Manifest, "--store", project.Store, "--device-memory", "12MiB"]);
        Assert.Equal(0, status);
        Assert.Matches("of the machine's memory, by torch, [0-9.]+ MiB [(]Trajectory [0-9.]+ MiB: weights [0-9.]+ MiB, one expert at a time; "
            + "a pass of 120 tokens [0-9.]+ MiB; LowRank .*[)]; more than the 12 MiB that may be used [(]predicted[)]", said);
    }
}
