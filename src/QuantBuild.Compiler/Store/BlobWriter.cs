using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Security.Cryptography;

namespace QuantBuild.Compiler.Store;

/// <summary>A blob being written. It is in the store from <see cref="Commit"/> on; disposed before that, nothing remains.</summary>
/// <remarks>Failures of the file system are <see cref="Diagnostics.DiagnosticException"/>s: QB4003 when the disk is full.</remarks>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "It is named for what it makes.")]
internal sealed class BlobWriter : Stream
{
    private const int BufferSize = 128 * 1024;
    private readonly Action<string, BlobRef, FastDigest> _publish;
    private readonly Stream _file;
    private readonly string _path;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly XxHash128 _fast = new();
    private long _length;
    private bool _committed;
    private bool _disposed;

    internal BlobWriter(Action<string, BlobRef, FastDigest> publish, string path)
        : this(publish, path, new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize))
    {
    }

    internal BlobWriter(Action<string, BlobRef, FastDigest> publish, string path, Stream file)
    {
        _publish = publish;
        _path = path;
        _file = file;
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => !_disposed && !_committed;

    /// <summary>Bytes written so far.</summary>
    public override long Length => _length;

    /// <summary>Bytes written so far; cannot be set.</summary>
    public override long Position { get => _length; set => throw new NotSupportedException(); }

    /// <summary>Puts what was written into the store. Content that is there already is kept, and this copy dropped.</summary>
    /// <returns>Digest of the content.</returns>
    /// <exception cref="Diagnostics.DiagnosticException">The file system failed.</exception>
    public Digest Commit()
    {
        BlobRef blob = Finish();
        Publish(blob);
        return blob.Digest;
    }

    /// <summary>The same for content whose digest is known; false, and nothing is put, when what was written is something else.</summary>
    /// <exception cref="Diagnostics.DiagnosticException">The file system failed.</exception>
    public bool TryCommit(BlobRef expected)
    {
        if (Finish() != expected)
            return false;
        Publish(expected);
        return true;
    }

    private BlobRef Finish()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_committed)
            throw new InvalidOperationException("the blob has been committed");
        Guarded(_file.Dispose);
        return new BlobRef(new Digest(_hash.GetHashAndReset()), _length);
    }

    private void Publish(BlobRef blob)
    {
        Guarded(() => _publish(_path, blob, new FastDigest(_fast.GetCurrentHashAsUInt128())));
        _committed = true;
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(!CanWrite, this);
        _hash.AppendData(buffer);
        _fast.Append(buffer);
        _length += buffer.Length;
        try
        {
            _file.Write(buffer);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.TranslateStore(failure, _path);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void WriteByte(byte value) => Write([value]);

    /// <inheritdoc/>
    public override void Flush() => Guarded(_file.Flush);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _hash.Dispose();
            if (!_committed)
                Abandon();
        }
        base.Dispose(disposing);
    }

    private void Abandon()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // A full disk fails again when the buffer is flushed; the file is dropped anyway.
        }
        AtomicFile.TryDelete(_path);
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.TranslateStore(failure, _path);
        }
    }
}
