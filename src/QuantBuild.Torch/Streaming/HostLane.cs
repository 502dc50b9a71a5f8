using QuantBuild.Torch.Tensors;

namespace QuantBuild.Torch.Streaming;

/// <summary>Where the device is the processor: bytes are read into the tensors themselves.</summary>
internal sealed class HostLane : IWeightLane
{
    /// <inheritdoc/>
    public void Open()
    {
        // Nothing is queued on a processor.
    }

    /// <inheritdoc/>
    public void Bring(IReadOnlyList<StreamedTensor> block, CancellationToken ct)
    {
        foreach (StreamedTensor tensor in block)
        {
            Span<byte> bytes = tensor.Here.bytes;
            int size = tensor.ElementBytes, portion = TensorUpload.BufferBytes;
            for (int first = 0; first < bytes.Length; first += portion)
            {
                ct.ThrowIfCancellationRequested();
                tensor.Read(first / size, bytes.Slice(first, Math.Min(portion, bytes.Length - first)));
            }
        }
    }

    /// <inheritdoc/>
    public void Arrive()
    {
        // They are there.
    }

    /// <inheritdoc/>
    public void Drain()
    {
        // The reading thread has ended.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // It has nothing of its own.
    }
}
