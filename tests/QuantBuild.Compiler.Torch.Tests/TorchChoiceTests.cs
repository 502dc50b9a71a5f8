using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Torch.Sessions;
using QuantBuild.Models;

namespace QuantBuild.Compiler.Torch.Tests;

/// <summary>What decides on device and arithmetic; this machine has no GPU.</summary>
public sealed class TorchChoiceTests
{
    private const long Billion = 1_000_000_000;

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
    [InlineData(null, "cpu", "videos are made on cuda here unless --device says otherwise, and QUANTBUILD_DEVICE names cpu", true)]
    [InlineData("cuda:x", null, "'cuda:x' is no device")]
    [InlineData(null, "cuda:x", "'cuda:x' is no device")]
    [InlineData(null, "cpu:0", "'cpu:0' is no device", true)]
    public void A_device_of_another_kind_is_refused(string? option, string? variable, string why, bool isUnstored = false)
    {
        Diagnostic problem = Assert.Single(Assert.Throws<DiagnosticException>(() => Of(ComputeDevice.Cuda, new ComputeHost
        {
            Device = option, IsUnstored = isUnstored,
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

    [Fact]
    public void What_goes_into_no_store_takes_the_arithmetic_that_is_here_and_may_be_folded()
    {
        var host = new ComputeHost
        {
            Recorded = new ProfileNames(Gpu + "-bf16", Gpu + "-f32"), IsLocked = true,
            Variable = name => name == TorchChoice.ProfileVariable ? "torch-named" : null,
        };

        TorchChoice stored = Of(ComputeDevice.Cuda, host), unstored = Of(ComputeDevice.Cuda, host with { IsUnstored = true });

        Assert.Equal(("torch-named", false), (stored.Expected, stored.Options.Fp8));
        Assert.Equal((null, null), (unstored.Expected, unstored.Options.Fp8));
        // One process can have both, which are not one.
        Assert.NotEqual(Of(ComputeDevice.Cuda, new ComputeHost { Variable = _ => null }).Key,
            Of(ComputeDevice.Cuda, new ComputeHost { Variable = _ => null, IsUnstored = true }).Key);
    }

    [Theory]
    // Both experts of 14 billion weights in bfloat16 take 56 GB, in float32 twice as much.
    [InlineData(ComputeDevice.Cuda, ComputeDType.BFloat16, 141, WeightStorage.Resident, 0, false)]
    [InlineData(ComputeDevice.Cuda, ComputeDType.BFloat16, 80, WeightStorage.Resident, 0, false)]
    [InlineData(ComputeDevice.Cuda, ComputeDType.BFloat16, 48, WeightStorage.Resident, 0, true)]
    [InlineData(ComputeDevice.Cuda, ComputeDType.BFloat16, 24, WeightStorage.Mapped, 0, false)]
    [InlineData(ComputeDevice.Cuda, ComputeDType.Float32, 80, WeightStorage.Resident, 0, true)]
    [InlineData(ComputeDevice.Cuda, ComputeDType.Float32, 48, WeightStorage.Mapped, 0, false)]
    // Here it is the machine's memory that they take.
    [InlineData(ComputeDevice.Cpu, ComputeDType.BFloat16, 80, WeightStorage.Resident, 56, false)]
    [InlineData(ComputeDevice.Cpu, ComputeDType.BFloat16, 48, WeightStorage.Resident, 28, true)]
    [InlineData(ComputeDevice.Cpu, ComputeDType.BFloat16, 24, WeightStorage.Mapped, 0, false)]
    internal void Weights_stay_on_a_device_where_they_leave_room(ComputeDevice device, ComputeDType type, long memory,
        WeightStorage storage, long host, bool oneAtATime)
    {
        var choice = TorchChoice.Of(device, type, new ComputeHost { DeviceMemory = memory * Billion, Variable = _ => null });

        Assert.Equal(new ModelPlacement(storage, host * Billion, oneAtATime),
            ((IComputeBackend)new TorchBackend(new TorchSession(choice))).Place(new ModelElements(28 * Billion, 14 * Billion),
                budget: 16 * Billion));
    }

    [Theory]
    [InlineData(1000, WeightStorage.Resident, 4000)]
    [InlineData(10000, WeightStorage.Mapped, 0)]
    internal void Without_a_limit_a_processor_decides_by_the_budget(long elements, WeightStorage storage, long host)
    {
        TorchChoice choice = Of(ComputeDevice.Cpu, new ComputeHost { Variable = _ => null });

        Assert.Equal(new ModelPlacement(storage, host),
            ((IComputeBackend)new TorchBackend(new TorchSession(choice))).Place(new ModelElements(elements, elements / 2),
                budget: 100_000));
    }

    private static TorchChoice Of(ComputeDevice device, ComputeHost host) => TorchChoice.Of(device, ComputeDType.BFloat16, host);
}
