using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static QuantBuild.Torch.Native.CudaApi;

namespace QuantBuild.Torch.Native;

/// <summary>
/// A stream of CUDA's driver for copies that run beside libtorch's kernels, which TorchSharp has on the default stream and libtorch's
/// stable interface cannot order, because it has no events.
/// </summary>
/// <remarks>
/// The stream does not wait for the default one by itself: <see cref="AfterWhatIsQueued"/> and <see cref="BeforeWhatIsQueued"/> say where
/// one waits for the other.
/// </remarks>
internal sealed class CudaCopies : IDisposable
{
    private const int OutOfMemory = 2;
    private const uint DoesNotBlock = 1;
    private const uint WithoutTiming = 2;

    // libtorch's, as TorchSharp uses it.
    private const nint DefaultStream = 0;

    private readonly int _device;
    private readonly nint _context;
    private readonly nint _stream;
    private readonly nint _room;
    private readonly nint _copied;
    private readonly nint[] _read;

    /// <summary>Makes the stream, in the context that libtorch has on the device.</summary>
    /// <param name="index">Which of the GPUs that the process sees.</param>
    /// <param name="buffers">Buffers of the host that are copied from in turns.</param>
    /// <exception cref="TorchException">There is no memory for it, or the driver refuses it.</exception>
    public CudaCopies(int index, int buffers)
    {
        _read = new nint[buffers];
        Check(DeviceGet(out _device, index));
        Check(DevicePrimaryCtxRetain(out _context, _device));
        try
        {
            Attach();
            Check(StreamCreate(out _stream, DoesNotBlock));
            _room = Event();
            _copied = Event();
            for (int i = 0; i < buffers; i++)
                _read[i] = Event();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Makes the device that of the calling thread, which need not have used it yet.</summary>
    public void Attach() => Check(CtxSetCurrent(_context));

    /// <summary>What is copied from now on waits for what is queued on the default stream.</summary>
    public void AfterWhatIsQueued()
    {
        Attach();
        Check(EventRecord(_room, DefaultStream));
        Check(StreamWaitEvent(_stream, _room, 0));
    }

    /// <summary>Waits until a buffer may be overwritten.</summary>
    /// <param name="buffer">Its number.</param>
    public void WaitFor(int buffer) => Check(EventSynchronize(_read[buffer]));

    /// <summary>Queues a copy to the device.</summary>
    /// <param name="target">Address on the device.</param>
    /// <param name="host">Address of a page-locked buffer.</param>
    /// <param name="bytes">How many bytes.</param>
    /// <param name="buffer">The buffer's number.</param>
    public void Copy(nint target, nint host, int bytes, int buffer)
    {
        Check(MemcpyHtoDAsync(target, host, (nuint)bytes, _stream));
        Check(EventRecord(_read[buffer], _stream));
    }

    /// <summary>Marks the end of a batch of copies.</summary>
    public void End() => Check(EventRecord(_copied, _stream));

    /// <summary>What is queued on the default stream from now on waits for the batch.</summary>
    public void BeforeWhatIsQueued()
    {
        Attach();
        Check(StreamWaitEvent(DefaultStream, _copied, 0));
    }

    /// <summary>Waits for all copies.</summary>
    public void Wait()
    {
        Attach();
        Check(StreamSynchronize(_stream));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = CtxSetCurrent(_context);
        // What is 0 was not made.
        if (_stream != 0)
            _ = StreamSynchronize(_stream);
        foreach (nint one in ((nint[])[_room, _copied, .. _read]).Where(one => one != 0))
            _ = EventDestroy(one);
        if (_stream != 0)
            _ = StreamDestroy(_stream);
        _ = DevicePrimaryCtxRelease(_device);
    }

    private static nint Event()
    {
        Check(EventCreate(out nint made, WithoutTiming));
        return made;
    }

    /// <summary>Errors of the driver; those of earlier kernels are told here too.</summary>
    private static void Check(int status, [CallerArgumentExpression(nameof(status))] string call = "")
    {
        if (status == OutOfMemory)
            throw new TorchException(TorchProblem.OutOfMemory, "the GPU has too little memory for weights that are streamed");
        if (status != 0)
            throw new TorchException(TorchProblem.DeviceFailed,
                $"CUDA error {status} in cu{call[..call.IndexOf('(', StringComparison.Ordinal)]}");
    }
}
