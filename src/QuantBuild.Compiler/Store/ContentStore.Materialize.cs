using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

public sealed partial class ContentStore
{
    /// <summary>Puts a blob's content at a path, as a read-only hard link where the file system can, else as a copy.</summary>
    /// <remarks>
    /// The file appears whole or not at all. When it has to be changed its write time moves to now, as tools that compare
    /// times expect of a changed file; a file that has the content already is left alone.
    /// </remarks>
    /// <param name="digest">The blob.</param>
    /// <param name="destination">The file; its folder is created.</param>
    /// <returns>Whether the file had to be changed.</returns>
    /// <exception cref="DiagnosticException">The blob is missing or damaged (QB4008), or the file system failed.</exception>
    public bool Materialize(Digest digest, string destination)
    {
        string source = Open(digest);
        return Guarded(destination, () =>
        {
            if (FileStamp.Of(source) is not { } blob)
                throw new DiagnosticException(Descriptors.BlobLost.At(null, digest.Short, Root));
            if (HasContent(destination, digest, blob))
                return false;
            string folder = Path.GetDirectoryName(Path.GetFullPath(destination))!;
            Directory.CreateDirectory(folder);
            string temporary = Path.Combine(folder, $".{Path.GetFileName(destination)}.{Guid.NewGuid():N}{TemporaryExtension}");
            try
            {
                DateTime time = TimeAfter(destination);
                if (!Link(source, temporary, new BlobRef(digest, blob.Size), time))
                    Copy(source, temporary, new BlobRef(digest, blob.Size), time);
                AtomicFile.Replace(temporary, destination);
            }
            finally
            {
                // Renaming one name of a file over another name of the same file does nothing and keeps both.
                AtomicFile.TryDelete(temporary);
            }
            return true;
        });
    }

    /// <summary>Ends the names of files that <see cref="Materialize"/> has not finished; what a killed build leaves may be deleted.</summary>
    internal const string TemporaryExtension = ".quantbuild-tmp";

    /// <summary>Whether <see cref="Materialize"/> would leave the file alone.</summary>
    internal bool IsMaterialized(Digest digest, string path) => FileStamp.Of(PathOf(digest)) is { } blob && HasContent(path, digest, blob);

    /// <summary>Whether the file is the blob itself, or a copy with an intact seal.</summary>
    private static bool HasContent(string path, Digest digest, FileStamp blob) =>
        FileStamp.Of(path) is { } stamp && stamp.Size == blob.Size
        && ((stamp.Id.Length > 0 && stamp.Id == blob.Id) || BlobSeal.IsIntact(stamp, digest));

    /// <summary>Now, or later if need be: the seal decides about the fraction of the second, and the file must become newer than it was.</summary>
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

    private static void Copy(string source, string temporary, BlobRef blob, DateTime time)
    {
        File.Copy(source, temporary);
        if (OperatingSystem.IsWindows())
            File.SetAttributes(temporary, FileAttributes.Normal);
        Finish(temporary, blob, time);
    }
}
