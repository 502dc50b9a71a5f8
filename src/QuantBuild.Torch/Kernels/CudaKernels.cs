using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantBuild.Torch.Native;

namespace QuantBuild.Torch.Kernels;

/// <summary>The kernels on a GPU: compiled, loaded into the context that libtorch uses, started on its stream.</summary>
internal sealed unsafe partial class CudaKernels : IQuantizeKernels
{
    private const string Driver = "cuda";
    private const string Source = "quantize.cu";

    // Of every architecture that the process has seen: a second runtime does not compile again.
    private static readonly ConcurrentDictionary<string, byte[]> Images = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, nint> _functions = new(StringComparer.Ordinal);
    private readonly nint _context;
    private readonly nint _module;
    private readonly nint _currentStream;
    private readonly int _index;
    private readonly int _device;

    // The driver is found by the resolver that the other class sets for this assembly.
    static CudaKernels() => RuntimeHelpers.RunClassConstructor(typeof(CudaDriver).TypeHandle);

    private CudaKernels(int index, byte[] image)
    {
        _index = index;
        _ = NativeLibrary.TryGetExport(TorchLibrary.Part("torch_cuda"), "aoti_torch_get_current_cuda_stream", out _currentStream);
        Check("cuDeviceGet", GetDevice(out _device, index));
        // The context that libtorch has made on the device.
        Check("cuDevicePrimaryCtxRetain", RetainContext(out _context, _device));
        try
        {
            Enter();
            fixed (byte* bytes = image)
                Check("cuModuleLoadData", LoadModule(out _module, bytes));
        }
        catch
        {
            _ = ReleaseContext(_device);
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
        if (SetContext(_context) == 0)
            _ = UnloadModule(_module);
        _ = ReleaseContext(_device);
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
        Check("cuCtxGetCurrent", GetContext(out nint current));
        if (current != _context)
            Check("cuCtxSetCurrent", SetContext(_context));
    }

    private nint Find(string name)
    {
        Check("cuModuleGetFunction", GetFunction(out nint function, _module, name));
        return function;
    }

    private static void Check(string call, int status)
    {
        if (status != 0)
            throw new KernelException($"{call} failed: CUDA error {status}");
    }

    [LibraryImport(Driver, EntryPoint = "cuDeviceGet")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetDevice(out int device, int ordinal);

    [LibraryImport(Driver, EntryPoint = "cuDevicePrimaryCtxRetain")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int RetainContext(out nint context, int device);

    [LibraryImport(Driver, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ReleaseContext(int device);

    [LibraryImport(Driver, EntryPoint = "cuCtxGetCurrent")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetContext(out nint context);

    [LibraryImport(Driver, EntryPoint = "cuCtxSetCurrent")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetContext(nint context);

    [LibraryImport(Driver, EntryPoint = "cuModuleLoadData")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int LoadModule(out nint module, byte* image);

    [LibraryImport(Driver, EntryPoint = "cuModuleUnload")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int UnloadModule(nint module);

    [LibraryImport(Driver, EntryPoint = "cuModuleGetFunction", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetFunction(out nint function, nint module, string name);

    [LibraryImport(Driver, EntryPoint = "cuLaunchKernel")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int LaunchKernel(nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ,
        uint sharedBytes, nint stream, void** arguments, void** extra);
}
