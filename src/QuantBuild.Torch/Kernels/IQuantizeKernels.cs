namespace QuantBuild.Torch.Kernels;

/// <summary>The kernels of <c>quantize.cu</c>, compiled for a device.</summary>
internal interface IQuantizeKernels : IDisposable
{
    /// <summary>Starts a kernel behind the work that libtorch has been given on this thread.</summary>
    /// <param name="name">The kernel.</param>
    /// <param name="blocks">Thread blocks, one for every token.</param>
    /// <param name="threads">Threads of each.</param>
    /// <param name="sharedBytes">Shared memory of each.</param>
    /// <param name="work">Its argument.</param>
    /// <exception cref="KernelException">It does not start.</exception>
    void Launch(string name, int blocks, int threads, int sharedBytes, in QuantizeWork work);
}
