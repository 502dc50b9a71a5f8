using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

internal sealed partial class ContentStore
{
    /// <summary>Adds content.</summary>
    /// <returns>Its digest.</returns>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public Digest Put(ReadOnlySpan<byte> content)
    {
        using BlobWriter writer = CreateBlob();
        writer.Write(content);
        return writer.Commit();
    }

    /// <summary>Begins a blob whose content comes piece by piece.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public BlobWriter CreateBlob() => Guarded(_layout.Temporary, () => new BlobWriter(Publish, Session.NewTemporary()));

    /// <summary>
    /// A path for a temporary file or folder on the store's volume; what a killed process leaves there, the next one removes.
    /// </summary>
    public string NewTemporary() => Guarded(_layout.Temporary, () => Session.NewTemporary());

    /// <summary>Where a blob is, or would be. Nothing is checked.</summary>
    public string PathOf(Digest digest) => _layout.Blob(digest);

    /// <summary>Whether the blob is there and undamaged: it is read. A damaged one is deleted and counts as missing.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public bool Contains(Digest digest) => TryOpen(digest) is not null;

    /// <summary>
    /// Path of a blob whose bytes have just been checked, to be read only; null when it is missing. A damaged one is deleted and counts as
    /// missing.
    /// </summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public string? TryOpen(Digest digest) => Guarded(PathOf(digest), () => Check(digest)) is null ? null : PathOf(digest);

    /// <summary>Path of a blob whose bytes have just been checked, to be read only.</summary>
    /// <exception cref="DiagnosticException">The blob is missing or damaged (QB4008), or the file system failed.</exception>
    public string Open(Digest digest) => TryOpen(digest) ?? throw Lost(digest);

    /// <summary>Content of an undamaged blob.</summary>
    /// <exception cref="DiagnosticException">The blob is missing or damaged (QB4008), or the file system failed.</exception>
    public byte[] Read(Digest digest)
    {
        string path = PathOf(digest);
        return Guarded(path, () =>
        {
            if (FileStamp.Of(path) is not { } stamp || AtomicFile.TryRead(path) is not { } content)
                return null;
            if (_fast.TryGetValue(digest, out FastDigest fast) ? FastDigest.Of(content) == fast : Digest.Of(content) == digest)
                return content;
            RemoveDamaged(path, stamp);
            return null;
        }) ?? throw Lost(digest);
    }

    /// <summary>The blob with its size; it is not read.</summary>
    /// <exception cref="DiagnosticException">The blob is missing or damaged (QB4008), or the file system failed.</exception>
    public BlobRef RefOf(Digest digest) => Guarded(PathOf(digest), () => Find(digest)) is { } size
        ? new BlobRef(digest, size)
        : throw Lost(digest);

    private DiagnosticException Lost(Digest digest) => new(Descriptors.BlobLost.At(null, digest.Short, Root));

    /// <summary>Moves a closed temporary file into place, or drops it when its content is there already.</summary>
    private void Publish(string temporary, BlobRef blob, FastDigest fast)
    {
        string path = PathOf(blob.Digest);
        _fast[blob.Digest] = fast;
        bool known = Check(blob.Digest) is not null;
        using IDisposable use = _gate.Use();
        if (known && MarkUsed(path, blob))
        {
            AtomicFile.TryDelete(temporary);
            return;
        }
        Finish(temporary, blob, DateTime.UtcNow);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Replace(temporary, path);
    }

    /// <summary>Makes a complete file read-only and seals it.</summary>
    private static void Finish(string path, BlobRef blob, DateTime time)
    {
        BlobSeal.Apply(path, blob, time);
        if (OperatingSystem.IsWindows())
            File.SetAttributes(path, FileAttributes.ReadOnly);
        else
            File.SetUnixFileMode(path,
                File.GetUnixFileMode(path) & ~(UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite));
    }

    /// <summary>
    /// Moves the time of the blob's last change into this session, which protects it from pruning until an action refers to
    /// it; false when that is impossible and the caller should put its own copy in place.
    /// </summary>
    private bool MarkUsed(string path, BlobRef blob)
    {
        if (FileStamp.Of(path) is not { } stamp)
            return false;
        return stamp.Changed == 0 || stamp.Changed >= Session.Start
            || BlobSeal.Apply(path, blob, new DateTime(stamp.Modified, DateTimeKind.Utc));
    }

    /// <summary>
    /// Size of the blob by its properties, without reading it unless they say nothing; null when it is missing or damaged.
    /// </summary>
    private long? Find(Digest digest)
    {
        string path = PathOf(digest);
        if (FileStamp.Of(path) is not { } stamp)
            return null;
        return _fast.ContainsKey(digest)
            && (BlobSeal.IsIntact(stamp, digest) || (_hashed.TryGetValue(digest, out FileStamp? known) && known == stamp))
            ? stamp.Size
            : Identify(digest, path, stamp);
    }

    /// <summary>
    /// Size of the blob when its bytes are what they were when it was made; otherwise null, and a damaged file is deleted.
    /// </summary>
    private long? Check(Digest digest)
    {
        string path = PathOf(digest);
        if (FileStamp.Of(path) is not { } stamp)
            return null;
        if (!_fast.TryGetValue(digest, out FastDigest fast))
            return Identify(digest, path, stamp);
        if (OrNothing(() => FastDigest.Of(path)) == fast)
        {
            Trust(path, digest, stamp);
            return stamp.Size;
        }
        RemoveDamaged(path, stamp);
        return null;
    }

    /// <summary>
    /// The same by SHA-256, for a blob without a known fast digest, such as one of an older version; remembers its fast digest.
    /// </summary>
    private long? Identify(Digest digest, string path, FileStamp stamp)
    {
        if (OrNothing(() => FastDigest.BothOf(path)) is { } found && found.Digest == digest)
        {
            _fast[digest] = found.Fast;
            Trust(path, digest, stamp);
            return stamp.Size;
        }
        RemoveDamaged(path, stamp);
        return null;
    }

    /// <summary>
    /// A digest of a file; null when the disk cannot give its bytes, which for a cache is as good as damaged. A file that only
    /// its owner may read is another matter: it is not ours to delete.
    /// </summary>
    private static T? OrNothing<T>(Func<T> digest)
        where T : struct
    {
        try
        {
            return digest();
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Saves the next look at a blob from hashing it again.</summary>
    private void Trust(string path, Digest digest, FileStamp hashed)
    {
        // Written to since it was hashed? Then the next look decides.
        if (BlobSeal.IsIntact(hashed, digest) || FileStamp.Of(path) != hashed)
            return;
        BlobSeal.Apply(path, new BlobRef(digest, hashed.Size), new DateTime(hashed.Modified, DateTimeKind.Utc));
        if (FileStamp.Of(path) is { } now && !BlobSeal.IsIntact(now, digest))
            _hashed[digest] = now;
    }

    private void RemoveDamaged(string path, FileStamp damaged)
    {
        using IDisposable clean = _gate.Clean();
        // Somebody may have put a good one in its place meanwhile.
        if (FileStamp.Of(path) == damaged)
            AtomicFile.TryDelete(path);
    }
}
