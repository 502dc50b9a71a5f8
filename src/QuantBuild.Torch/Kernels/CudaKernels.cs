using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using QuantBuild.Torch.Native;
using static QuantBuild.Torch.Native.CudaApi;

namespace QuantBuild.Torch.Kernels;

/// <summary>The kernels on a GPU: compiled, loaded into the context that libtorch uses, started on its stream.</summary>
internal sealed unsafe class CudaKernels : IQuantizeKernels
{
    private const string Source = "quantize.cu";

    // Of every architecture that the process has seen: a second runtime does not compile again.
    private static readonly ConcurrentDictionary<string, byte[]> Images = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, nint> _functions = new(StringComparer.Ordinal);
    private readonly nint _context;
    private readonly nint _module;
    private readonly nint _currentStream;
    private readonly int _index;
    private readonly int _device;

    private CudaKernels(int index, byte[] image)
    {
        _index = index;
        _ = NativeLibrary.TryGetExport(TorchLibrary.Part("torch_cuda"), "aoti_torch_get_current_cuda_stream", out _currentStream);
        Check("cuDeviceGet", DeviceGet(out _device, index));
        // The context that libtorch has made on the device.
        Check("cuDevicePrimaryCtxRetain", DevicePrimaryCtxRetain(out _context, _device));
        try
        {
            Enter();
            fixed (byte* bytes = image)
                Check("cuModuleLoadData", ModuleLoadData(out _module, bytes));
        }
        catch
        {
            _ = DevicePrimaryCtxRelease(_device);
            throw;
        }
    }

    /// <summary>Compiles and loads the kernels.</summary>
    /// <param name="index">Which of the GPUs that the process sees.</param>
    /// <exception cref="KernelException">They cannot be had there.</exception>
    public static CudaKernels Open(int index)
    {
        string name = CudaDriver.NameOf(index);
        int end = name.IndexOf('-', StringComparison.Ordinal);
        if (end < 0)
            throw new KernelException("the driver does not say what the GPU is");
        return new CudaKernels(index, Images.GetOrAdd($"sm_{name[2..end]}", Compile));
    }

    /// <inheritdoc/>
    public void Launch(string name, int blocks, int threads, int sharedBytes, in QuantizeWork work)
    {
        Enter();
        nint stream = 0;
        // Without an answer the default stream, which is the only one that TorchSharp knows.
        if (_currentStream != 0)
            Check("the stream", ((delegate* unmanaged<int, nint*, int>)_currentStream)(_index, &stream));
        fixed (QuantizeWork* argument = &work)
        {
            void* arguments = argument;
            Check("cuLaunchKernel", LaunchKernel(_functions.GetOrAdd(name, Find), (uint)blocks, 1, 1, (uint)threads, 1, 1,
                (uint)sharedBytes, stream, &arguments, null));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (CtxSetCurrent(_context) == 0)
            _ = ModuleUnload(_module);
        _ = DevicePrimaryCtxRelease(_device);
    }

    private static byte[] Compile(string architecture)
    {
        using Stream stream = typeof(CudaKernels).Assembly.GetManifestResourceStream(Source)!;
        using var reader = new StreamReader(stream);
        return RuntimeCompiler.Find().Compile(reader.ReadToEnd(), architecture);
    }

    /// <summary>A thread has its own current context, which libtorch sets when it first needs one.</summary>
    private void Enter()
    {
        Check("cuCtxGetCurrent", CtxGetCurrent(out nint current));
        if (current != _context)
            Check("cuCtxSetCurrent", CtxSetCurrent(_context));
    }

    private nint Find(string name)
    {
        Check("cuModuleGetFunction", ModuleGetFunction(out nint function, _module, name));
        return function;
    }

    private static void Check(string call, int status)
    {
        if (status != 0)
            throw new KernelException($"{call} failed: CUDA error {status}");
    }
}
