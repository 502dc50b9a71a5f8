using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Files;

namespace QuantBuild.Compiler.Store;

internal sealed partial class ContentStore
{
    /// <summary>Puts a blob's content at a path: as a copy, which shares its blocks where the file system can, or as a hard link.</summary>
    /// <remarks>
    /// The file appears whole or not at all. When it has to be changed its write time moves to now, as tools that compare
    /// times expect of a changed file; a file that has the content already is left alone. A copy is its owner's to change, with the mode
    /// that any new file has. A hard link is the blob itself, read-only: writing to it, as root always can, damages every file that
    /// shares it.
    /// </remarks>
    /// <param name="digest">The blob.</param>
    /// <param name="destination">The file; its folder is created.</param>
    /// <param name="hardLink">Whether to link where the file system can.</param>
    /// <returns>Whether the file had to be changed.</returns>
    /// <exception cref="DiagnosticException">The blob is missing or damaged (QB4008), or the file system failed.</exception>
    public bool Materialize(Digest digest, string destination, bool hardLink = false)
    {
        if (IsMaterialized(digest, destination, hardLink))
            return false;
        string source = Open(digest);
        try
        {
            if (FileStamp.Of(source) is not { } blob)
                throw Lost(digest);
            string folder = Path.GetDirectoryName(Path.GetFullPath(destination))!;
            Directory.CreateDirectory(folder);
            string temporary = TemporaryFile.Beside(destination);
            try
            {
                DateTime time = TimeAfter(destination);
                if (!hardLink || !Link(source, temporary, new BlobRef(digest, blob.Size), time))
                    Copy(source, temporary, new BlobRef(digest, blob.Size), time);
                AtomicFile.Replace(temporary, destination);
            }
            finally
            {
                // Renaming one name of a file over another name of the same file does nothing and keeps both.
                AtomicFile.TryDelete(temporary);
            }
            return true;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw File.Exists(source) ? StoreErrors.Translate(failure, destination) : Lost(digest);
        }
    }

    /// <summary>
    /// Whether <see cref="Materialize"/> would leave the file alone: it is the blob itself, or a copy with an intact seal, as asked for.
    /// </summary>
    internal bool IsMaterialized(Digest digest, string path, bool hardLink = false)
    {
        if (FileStamp.Of(PathOf(digest)) is not { } blob || FileStamp.Of(path) is not { } stamp || stamp.Size != blob.Size)
            return false;
        bool isLink = stamp.Id.Length > 0 && stamp.Id == blob.Id;
        return isLink ? hardLink : BlobSeal.IsIntact(stamp, digest);
    }

    /// <summary>
    /// Now, or later if need be: the seal decides about the fraction of the second, and the file must become newer than it was.
    /// </summary>
    private static DateTime TimeAfter(string path)
    {
        long before = FileStamp.Of(path) is { } stamp ? stamp.Modified + TimeSpan.TicksPerSecond : 0;
        return new DateTime(Math.Max(DateTime.UtcNow.Ticks, before), DateTimeKind.Utc);
    }

    private static bool Link(string source, string temporary, BlobRef blob, DateTime time)
    {
        if (!NativeFile.TryLink(source, temporary))
            return false;
        if (BlobSeal.Apply(temporary, blob, time))
            return true;
        AtomicFile.TryDelete(temporary); // somebody else's blob, whose time cannot be moved: a copy's can
        return false;
    }

    /// <summary>
    /// The base library copies by sharing blocks (FICLONE, clonefile, ReFS) where the file system can, and inside the kernel elsewhere.
    /// </summary>
    private static void Copy(string source, string temporary, BlobRef blob, DateTime time)
    {
        if (OperatingSystem.IsWindows())
        {
            File.Copy(source, temporary);
            File.SetAttributes(temporary, FileAttributes.Normal);
        }
        else
        {
            // The copy would be as read-only as the blob; the user's mask says what new files are like.
            File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write).Dispose();
            UnixFileMode mode = File.GetUnixFileMode(temporary);
            File.Copy(source, temporary, overwrite: true);
            File.SetUnixFileMode(temporary, mode);
        }
        BlobSeal.Apply(temporary, blob, time);
    }
}
