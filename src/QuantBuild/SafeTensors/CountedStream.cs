namespace QuantBuild.SafeTensors;

/// <summary>Passes on exactly the bytes that a tensor has.</summary>
internal sealed class CountedStream(Stream target, TensorData tensor) : Stream
{
    private readonly long _length = tensor.ByteLength;
    private long _written;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => _written; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length > _length - _written)
            throw Wrong($"more than {_length}");
        target.Write(buffer);
        _written += buffer.Length;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Refuses a tensor that wrote less than its shape says.</summary>
    public void ThrowIfIncomplete()
    {
        if (_written != _length)
            throw Wrong($"{_written}");
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private SafeTensorsException Wrong(string written) =>
        new("TensorInvalidInfo", $"tensor '{tensor.Name}' wrote {written} bytes where its shape says {_length}");
}
