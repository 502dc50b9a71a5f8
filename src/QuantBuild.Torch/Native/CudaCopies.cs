using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QuantBuild.Torch.Native;

/// <summary>
/// A stream of CUDA's driver for copies that run beside libtorch's kernels, which TorchSharp has on the default stream and libtorch's
/// stable interface cannot order, because it has no events.
/// </summary>
/// <remarks>
/// The stream does not wait for the default one by itself: <see cref="AfterWhatIsQueued"/> and <see cref="BeforeWhatIsQueued"/> say where
/// one waits for the other.
/// </remarks>
internal sealed partial class CudaCopies : IDisposable
{
    private const string Library = "cuda";
    private const int OutOfMemory = 2;
    private const uint DoesNotBlock = 1;
    private const uint WithoutTiming = 2;

    // libtorch's, as TorchSharp uses it.
    private const nint DefaultStream = 0;

    private readonly nint _context;
    private readonly nint _stream;
    private readonly nint _room;
    private readonly nint _copied;
    private readonly nint[] _read;

    // The driver is found by the resolver that the other class sets for this assembly.
    static CudaCopies() => RuntimeHelpers.RunClassConstructor(typeof(CudaDriver).TypeHandle);

    /// <summary>Makes the stream on the device of the calling thread.</summary>
    /// <param name="buffers">Buffers of the host that are copied from in turns.</param>
    /// <exception cref="TorchException">There is no memory for it.</exception>
    /// <exception cref="InvalidOperationException">The driver refuses it.</exception>
    public CudaCopies(int buffers)
    {
        Check(GetContext(out _context));
        Check(CreateStream(out _stream, DoesNotBlock));
        _room = Event();
        _copied = Event();
        _read = [.. Enumerable.Range(0, buffers).Select(_ => Event())];
    }

    /// <summary>Makes the device that of the calling thread.</summary>
    public void Attach() => Check(SetContext(_context));

    /// <summary>What is copied from now on waits for what is queued on the default stream.</summary>
    public void AfterWhatIsQueued()
    {
        Check(Record(_room, DefaultStream));
        Check(StreamWait(_stream, _room, 0));
    }

    /// <summary>Waits until a buffer may be overwritten.</summary>
    /// <param name="buffer">Its number.</param>
    public void WaitFor(int buffer) => Check(Synchronize(_read[buffer]));

    /// <summary>Queues a copy to the device.</summary>
    /// <param name="target">Address on the device.</param>
    /// <param name="host">Address of a page-locked buffer.</param>
    /// <param name="bytes">How many bytes.</param>
    /// <param name="buffer">The buffer's number.</param>
    public void Copy(nint target, nint host, int bytes, int buffer)
    {
        Check(ToDevice(target, host, (nuint)bytes, _stream));
        Check(Record(_read[buffer], _stream));
    }

    /// <summary>Marks the end of a batch of copies.</summary>
    public void End() => Check(Record(_copied, _stream));

    /// <summary>What is queued on the default stream from now on waits for the batch.</summary>
    public void BeforeWhatIsQueued() => Check(StreamWait(DefaultStream, _copied, 0));

    /// <summary>Waits for all copies.</summary>
    public void Wait() => Check(StreamSynchronize(_stream));

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = StreamSynchronize(_stream);
        foreach (nint one in (nint[])[_room, _copied, .. _read])
            _ = DestroyEvent(one);
        _ = DestroyStream(_stream);
    }

    private static nint Event()
    {
        Check(CreateEvent(out nint made, WithoutTiming));
        return made;
    }

    /// <summary>Errors of the driver; those of earlier kernels are told here too.</summary>
    private static void Check(int status, [CallerArgumentExpression(nameof(status))] string call = "")
    {
        if (status == OutOfMemory)
            throw new TorchException(TorchProblem.OutOfMemory, "the GPU has too little memory for weights that are streamed");
        if (status != 0)
            throw new InvalidOperationException($"CUDA error {status} in {call[..call.IndexOf('(', StringComparison.Ordinal)]}");
    }

    [LibraryImport(Library, EntryPoint = "cuCtxGetCurrent")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetContext(out nint context);

    [LibraryImport(Library, EntryPoint = "cuCtxSetCurrent")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetContext(nint context);

    [LibraryImport(Library, EntryPoint = "cuStreamCreate")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateStream(out nint stream, uint flags);

    [LibraryImport(Library, EntryPoint = "cuStreamDestroy_v2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DestroyStream(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamSynchronize")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StreamSynchronize(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamWaitEvent")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StreamWait(nint stream, nint occurrence, uint flags);

    [LibraryImport(Library, EntryPoint = "cuEventCreate")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateEvent(out nint occurrence, uint flags);

    [LibraryImport(Library, EntryPoint = "cuEventDestroy_v2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DestroyEvent(nint occurrence);

    [LibraryImport(Library, EntryPoint = "cuEventRecord")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Record(nint occurrence, nint stream);

    [LibraryImport(Library, EntryPoint = "cuEventSynchronize")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Synchronize(nint occurrence);

    [LibraryImport(Library, EntryPoint = "cuMemcpyHtoDAsync_v2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ToDevice(nint target, nint host, nuint bytes, nint stream);
}
