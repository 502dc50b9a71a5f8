using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Torch.Sessions;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>What decides on device and arithmetic; this machine has no GPU.</summary>
public sealed class TorchChoiceTests
{
    private const string Gpu = "torch-2.10-cuda-sm90-132", Other = "torch-2.10-cpu-00000000-t7";

    [Theory]
    [InlineData(null, null, "cuda")]
    [InlineData(null, "cuda:1", "cuda:1")]
    [InlineData("cuda:2", "cuda:1", "cuda:2")]
    [InlineData("", "", "cuda")]
    public void A_command_line_names_the_device_before_the_environment(string? option, string? variable, string expected) =>
        Assert.Equal(expected, Of(ComputeDevice.Cuda, new ComputeHost
        {
            Device = option,
            Variable = name => name == ComputeHost.DeviceVariable ? variable : null,
        }).Options.Device);

    [Theory]
    [InlineData("cpu", null, "the manifest asks for cuda, and this build names cpu")]
    [InlineData(null, "cpu", "the manifest asks for cuda, and QUANTBUILD_DEVICE names cpu")]
    [InlineData("cuda:x", null, "'cuda:x' is no device")]
    public void A_device_of_another_kind_is_refused(string? option, string? variable, string why)
    {
        Diagnostic problem = Assert.Single(Assert.Throws<DiagnosticException>(() => Of(ComputeDevice.Cuda, new ComputeHost
        {
            Device = option,
            Recorded = new ProfileNames(Gpu + "-bf16", Gpu + "-f32"),
            Variable = name => name == ComputeHost.DeviceVariable ? variable : null,
        })).Diagnostics);

        Assert.Equal("QB3243", problem.Descriptor.Code);
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    // Without a GPU the lock file's is the only arithmetic that can be named.
    [InlineData(ComputeDevice.Cuda, false, Gpu + "-bf16", Gpu + "-f32", Gpu)]
    [InlineData(ComputeDevice.Cuda, false, Gpu + "-bf16", "cpu-1", Gpu)]
    [InlineData(ComputeDevice.Cuda, false, "cpu-1", Gpu + "-f32", Gpu)]
    // A processor has an arithmetic of its own, unless the build is locked.
    [InlineData(ComputeDevice.Cpu, false, Other + "-bf16", Other + "-f32", null)]
    [InlineData(ComputeDevice.Cpu, true, Other + "-bf16", Other + "-f32", Other)]
    // What the manifest no longer asks for.
    [InlineData(ComputeDevice.Cpu, true, Gpu + "-bf16", Gpu + "-f32", null)]
    [InlineData(ComputeDevice.Cpu, true, Other + "-f32", "cpu-1", null)]
    [InlineData(ComputeDevice.Cuda, true, "cpu-1", "cpu-1", null)]
    internal void A_lock_file_names_the_arithmetic(ComputeDevice device, bool locked, string model, string layers, string? expected) =>
        Assert.Equal(expected,
            Of(device, new ComputeHost { Recorded = new ProfileNames(model, layers), IsLocked = locked, Variable = _ => null }).Expected);

    [Fact]
    public void A_variable_names_the_arithmetic_before_the_lock_file() => Assert.Equal("torch-named", Of(ComputeDevice.Cuda, new ComputeHost
    {
        Recorded = new ProfileNames(Gpu + "-bf16", Gpu + "-f32"),
        Variable = name => name == TorchChoice.ProfileVariable ? "torch-named" : null,
    }).Expected);

    private static TorchChoice Of(ComputeDevice device, ComputeHost host) => TorchChoice.Of(device, ComputeDType.BFloat16, host);
}
