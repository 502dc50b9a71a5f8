using System.Runtime.InteropServices;
using QuantBuild.Torch.Kernels;

namespace QuantBuild.Torch.Tests.Kernels;

/// <summary>The kernels' own text, compiled for a processor by this project's build: <c>processor.cpp</c>.</summary>
internal sealed unsafe class ProcessorKernels : IQuantizeKernels
{
    private static readonly Lock Gate = new();

    private static readonly Lazy<nint> Function = new(() =>
    {
        string library = Path.Combine(AppContext.BaseDirectory, "libquantize.so");
        Assert.True(File.Exists(library), "there is no libquantize.so: the build needs a C++ compiler, such as g++, to compile the kernels");
        return NativeLibrary.GetExport(NativeLibrary.Load(library), "Launch");
    });

    /// <summary>How many kernels were started.</summary>
    public int Launches { get; private set; }

    /// <summary>Changes what kernels are told; null leaves it.</summary>
    public Func<QuantizeWork, QuantizeWork>? Falsify { get; init; }

    public void Launch(string name, int blocks, int threads, int sharedBytes, in QuantizeWork work)
    {
        QuantizeWork told = Falsify?.Invoke(work) ?? work;
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        try
        {
            // Its threads take turns in memory that all runs share.
            lock (Gate)
            {
                int status = ((delegate* unmanaged<nint, uint, uint, uint, QuantizeWork*, int>)Function.Value)
                    (text, (uint)blocks, (uint)threads, (uint)sharedBytes, &told);
                Assert.True(status == 0, status == 1 ? $"there is no kernel {name}" : $"threads of {name} met at different places");
            }
            Launches++;
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    public void Dispose()
    {
        // The library stays.
    }
}
