using System.Runtime.InteropServices;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Kernels;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Tests.Measuring;

/// <summary>
/// <c>kernels</c>: compiles, loads and starts the kernels by libraries in the place of CUDA's, whose kernels run on the processor, and
/// holds them against plain operations. A process of its own, because a process has one driver.
/// </summary>
internal static class KernelsCommand
{
    public static int Run()
    {
        TensorSpace space = OnProcessor.BFloat16;
        // Found by their names from now on, as those of a system are.
        string folder = Path.Combine(AppContext.BaseDirectory, "fakes", "cuda");
        foreach (string name in (string[])["libcuda.so.1", "libtorch_cuda.so", "libcaffe2_nvrtc.so"])
            NativeLibrary.Load(Path.Combine(folder, name));
        using var tables = new Mxfp4Tables(space);
        using var operations = new OperationQuantizer(space, tables, byStages: true);
        try
        {
            using var kernels = CudaKernels.Open(0);
            bool agree = QuantizerCheck.Agree(new KernelQuantizer(kernels, operations), operations, CPU);
            // On a thread that has no context yet, too.
            bool agreeThere = Task.Run(() => QuantizerCheck.Agree(new KernelQuantizer(kernels, operations), operations, CPU)).Result;
            Console.WriteLine(agree && agreeThere ? "the same bits" : "other bits");
        }
        catch (KernelException e)
        {
            Console.WriteLine(e.Message);
        }
        return 0;
    }
}
