namespace QuantBuild.Tests.Store.Remote;

/// <summary>Content in the middle of whose transfer something happens, once. It cannot be begun again.</summary>
internal sealed class KillingStream(Stream content, long at, Action happens) : Stream
{
    private long _read;
    private bool _happened;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_read >= at && !_happened)
        {
            _happened = true;
            happens();
        }
        int read = content.Read(buffer, offset, count);
        _read += read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
