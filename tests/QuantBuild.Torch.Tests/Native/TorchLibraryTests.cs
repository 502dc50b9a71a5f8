using System.Runtime.InteropServices;
using QuantBuild.Torch.Native;

namespace QuantBuild.Torch.Tests.Native;

public sealed class TorchLibraryTests
{
    [Fact]
    public void A_standard_library_without_the_needed_version_is_named_with_the_systems_that_have_it()
    {
        // The C library has none of its symbols.
        var error = Assert.Throws<TorchException>(() => StandardLibrary.Check("libc.so.6"));

        Assert.Equal(TorchProblem.StandardLibraryTooOld, error.Problem);
        Assert.Contains("GLIBCXX_3.4.32", error.Message, StringComparison.Ordinal);
        StandardLibrary.Check();
    }

    [Fact]
    public void A_library_of_another_version_is_refused()
    {
        var error = Assert.Throws<TorchException>(() => TorchLibrary.CheckVersion(TorchLibrary.VersionOf(NativeLibrary.Load("libc.so.6")), "/some/folder"));

        Assert.Equal(TorchProblem.WrongVersion, error.Problem);
        Assert.Equal("libtorch of /some/folder is older than 2.7; TorchSharp is built for 2.10", error.Message);
    }

    [Theory]
    [InlineData("cuda")]
    [InlineData("cuda:1")]
    public void A_build_for_processors_has_no_gpu(string device)
    {
        _ = Runtimes.Float32;
        var error = Assert.Throws<TorchException>(() => TorchRuntime.Open(new TorchOptions { Device = device }));

        Assert.Equal(TorchProblem.NoSuchDevice, error.Problem);
        Assert.Contains("without CUDA", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:x")]
    [InlineData("cuda:1:2")]
    [InlineData("CUDA")]
    [InlineData("cpu:0")]
    [InlineData("")]
    public void What_is_no_device_is_said_to_be_none(string device) =>
        Assert.Equal(TorchProblem.NoSuchDevice,
            Assert.Throws<TorchException>(() => TorchRuntime.Open(new TorchOptions { Device = device })).Problem);

    [Theory]
    [InlineData("cuda", 0, 0)]
    [InlineData("cuda:1", 1, 1)]
    [InlineData("cuda:7", 7, 4)]
    public void A_gpu_that_is_not_there_is_told_with_how_many_are(string device, int index, int devices)
    {
        var error = Assert.Throws<TorchException>(() => TorchDevice.Require(device, index, devices));

        Assert.Equal((TorchProblem.NoSuchDevice, $"there is no device {device}: this machine has {devices} that CUDA can use"),
            (error.Problem, error.Message));
        TorchDevice.Require(device, index, index + 1);
    }

    [Fact]
    public void A_second_libtorch_is_refused_in_one_process()
    {
        _ = Runtimes.Float32;
        Assert.Contains("is in use", Assert.Throws<TorchException>(() =>
            TorchRuntime.Open(new TorchOptions { LibraryFolder = "/nowhere" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_profile_names_what_bytes_depend_on()
    {
        Assert.Matches("^torch-2\\.10-cpu-[0-9a-f]{8}-t2-f32$", Runtimes.Float32.Profile);
        Assert.Matches("^torch-2\\.10-cpu-[0-9a-f]{8}-t2-bf16$", Runtimes.BFloat16.Profile);
        Assert.Matches("^torch-2\\.10-cpu-[0-9a-f]{8}-t2-bf16-fp8$", Runtimes.Fp8.Profile);
    }
}
