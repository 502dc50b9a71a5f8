using Microsoft.AspNetCore.Http;

namespace QuantBuild.HubServer;

/// <summary>A body that is cut off or damaged on its way.</summary>
internal sealed class FaultyStream(HttpContext context, Fault fault) : Stream
{
    private readonly Stream _inner = context.Response.Body;
    private long _written;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        byte[] bytes = buffer.ToArray();
        if (fault.Kind == FaultKind.Corrupt && _written == 0 && bytes.Length > 0)
            bytes[0] ^= 1;
        if (fault.Kind is FaultKind.Truncate or FaultKind.Stall && _written + bytes.Length > fault.After)
        {
            await _inner.WriteAsync(bytes.AsMemory(0, (int)(fault.After - _written)), cancellationToken);
            await _inner.FlushAsync(cancellationToken);
            if (fault.Kind == FaultKind.Stall)
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            context.Abort();
            throw new IOException("cut off on purpose");
        }
        await _inner.WriteAsync(bytes, cancellationToken);
        _written += bytes.Length;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);
    public override void Flush() => _inner.Flush();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
