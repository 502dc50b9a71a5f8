using System.Diagnostics;

namespace QuantBuild.Torch.Tests.Kernels;

/// <summary>The way of a kernel to a GPU, call by call, with libraries in the place of CUDA's that check what they get.</summary>
public sealed class CudaKernelsTests
{
    [Theory]
    [InlineData("", "the same bits")]
    [InlineData("nvrtcCreateProgram", "nvrtcCreateProgram failed (999)")]
    [InlineData("nvrtcCompileProgram", "it does not compile for sm_90: quantize.cu(8): error: another (999)")]
    [InlineData("nvrtcGetCUBIN", "nvrtcGetCUBIN failed (999)")]
    [InlineData("cuInit", "the driver does not say what the GPU is")]
    [InlineData("cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRetain failed: CUDA error 999")]
    [InlineData("cuModuleLoadData", "cuModuleLoadData failed: CUDA error 999")]
    [InlineData("aoti_torch_get_current_cuda_stream", "the stream failed: CUDA error 999")]
    [InlineData("cuLaunchKernel", "cuLaunchKernel failed: CUDA error 1")]
    public async Task It_is_compiled_loaded_and_started_or_the_call_that_failed_is_named(string fails, string said)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "fakes", "cuda");
        Assert.True(File.Exists(Path.Combine(folder, "libcaffe2_nvrtc.so")), "the build needs a C++ compiler, such as g++");
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(EntryPoint).Assembly.Location, "kernels"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) != "dotnet")
            start.ArgumentList.RemoveAt(0);
        start.Environment["FAKE_CUDA_FAILS"] = fails;
        using Process process = Process.Start(start)!;
        CancellationToken ct = TestContext.Current.CancellationToken;
        Task<string> output = process.StandardOutput.ReadToEndAsync(ct), error = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);

        Assert.Equal((0, said), (process.ExitCode, (await output + await error).Trim()));
    }
}
