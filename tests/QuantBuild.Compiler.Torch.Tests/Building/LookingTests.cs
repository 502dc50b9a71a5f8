using System.Text.Json;

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
}
