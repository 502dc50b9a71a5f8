using QuantBuild.Torch.Native;

namespace QuantBuild.Torch.Tests.Native;

public sealed class TorchErrorsTests
{
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 20.00 MiB", true)]
    [InlineData("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes", true)]
    [InlineData("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.", true)]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", true)]
    [InlineData("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", true)]
    [InlineData("CUDA error: an illegal memory access was encountered", false)]
    [InlineData("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED", false)]
    public void What_there_was_no_memory_for_is_told_apart(string message, bool expected) =>
        Assert.Equal(expected, TorchErrors.IsOutOfMemory(new ReportedException(message)));
}
