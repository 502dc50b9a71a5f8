using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Tests.Compute;

/// <summary>What computes a video, by command line, manifest and artifact.</summary>
public sealed class ModelChoiceTests
{
    private static readonly ComputeSection Gpu = new(ComputeBackend.Torch, ComputeBackend.Cpu)
    {
        Device = ComputeDevice.Cuda, DType = ComputeDType.Float32,
    };

    [Theory]
    [InlineData("torch-2.10-cuda-sm90-132-bf16", ComputeBackend.Torch, ComputeDevice.Cuda, ComputeDType.BFloat16)]
    [InlineData("torch-2.10-cuda-sm90-132-bf16-fp8", ComputeBackend.Torch, ComputeDevice.Cuda, ComputeDType.BFloat16)]
    [InlineData("torch-2.10-cpu-00a20f12-t8-f32", ComputeBackend.Torch, ComputeDevice.Cpu, ComputeDType.Float32)]
    [InlineData("cpu-1", ComputeBackend.Cpu, ComputeDevice.Cpu, ComputeDType.BFloat16)]
    [InlineData("torch-", ComputeBackend.Torch, ComputeDevice.Cpu, ComputeDType.BFloat16)]
    internal void An_artifact_says_what_it_was_made_with(string profile, ComputeBackend backend, ComputeDevice device, ComputeDType type)
    {
        ComputeSection choice = ModelChoice.Of(asked: null, device: null, manifest: null, profile);

        Assert.Equal((backend, device, type), (choice.Model, choice.Device, choice.DType));
    }

    [Fact]
    public void A_manifest_has_a_say_before_the_artifact_and_a_command_line_before_both()
    {
        ComputeSection manifest = ModelChoice.Of(asked: null, device: null, Gpu, "cpu-1");
        Assert.Equal((ComputeBackend.Torch, ComputeDevice.Cuda, ComputeDType.Float32), (manifest.Model, manifest.Device, manifest.DType));
        Assert.Equal(ComputeBackend.Cpu, ModelChoice.Of(asked: null, device: null, ComputeSection.Default, "torch-2.10-cpu-1-bf16").Model);
        Assert.Equal(ComputeBackend.Cpu, ModelChoice.Of(ComputeBackend.Cpu, device: null, Gpu, profile: null).Model);
        Assert.Equal(ComputeBackend.Torch, ModelChoice.Of(ComputeBackend.Torch, device: null, manifest: null, "cpu-1").Model);
        Assert.Equal(ComputeBackend.Cpu, ModelChoice.Of(asked: null, device: null, manifest: null, profile: null).Model);
    }

    [Theory]
    [InlineData("cpu", ComputeDevice.Cpu)]
    [InlineData("cuda:1", ComputeDevice.Cuda)]
    [InlineData("", ComputeDevice.Cuda)]
    internal void A_device_that_is_named_is_used_whatever_manifest_and_artifact_say(string device, ComputeDevice expected) =>
        Assert.Equal(expected, ModelChoice.Of(asked: null, device, Gpu, profile: null).Device);
}
