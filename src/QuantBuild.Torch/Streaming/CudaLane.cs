using QuantBuild.Torch.Native;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Streaming;

/// <summary>
/// To a GPU: portions are read into one of two page-locked buffers and copied from there on a stream of their own, while the other one is
/// filled and earlier kernels run.
/// </summary>
internal sealed class CudaLane : IWeightLane
{
    private readonly CudaCopies _copies;
    private readonly Tensor[] _buffers;

    /// <summary>Takes two buffers and a stream, on the thread that computes.</summary>
    /// <param name="device">The GPU.</param>
    public CudaLane(Device device)
    {
        _copies = new CudaCopies(device.index, buffers: 2);
        _buffers = new Tensor[2];
        try
        {
            for (int i = 0; i < _buffers.Length; i++)
                _buffers[i] = Locked();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Open() => _copies.AfterWhatIsQueued();

    /// <inheritdoc/>
    public void Bring(IReadOnlyList<StreamedTensor> block, CancellationToken ct)
    {
        _copies.Attach();
        int turn = 0;
        foreach (StreamedTensor tensor in block)
        {
            nint target = DataPointer.Of(tensor.Here);
            int size = tensor.ElementBytes;
            long portion = TensorUpload.BufferBytes / size;
            for (long first = 0; first < tensor.Elements; first += portion, turn ^= 1)
            {
                ct.ThrowIfCancellationRequested();
                _copies.WaitFor(turn);
                Tensor buffer = _buffers[turn];
                int bytes = (int)Math.Min(portion, tensor.Elements - first) * size;
                tensor.Read(first, buffer.bytes[..bytes]);
                _copies.Copy(target + (nint)(first * size), DataPointer.Of(buffer), bytes, turn);
            }
        }
        _copies.End();
    }

    /// <inheritdoc/>
    public void Arrive() => _copies.BeforeWhatIsQueued();

    /// <inheritdoc/>
    public void Drain() => _copies.Wait();

    /// <inheritdoc/>
    public void Dispose()
    {
        _copies.Dispose();
        foreach (Tensor? buffer in _buffers)
            buffer?.Dispose();
    }

    private static Tensor Locked()
    {
        using Tensor pages = empty([TensorUpload.BufferBytes], dtype: ScalarType.Byte);
        return pages.pin_memory().DetachFromDisposeScope();
    }
}
