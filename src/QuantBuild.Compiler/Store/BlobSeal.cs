using System.Buffers.Binary;
using System.IO.Hashing;

namespace QuantBuild.Compiler.Store;

/// <summary>A mark on a finished blob that any later write destroys, so that finding a blob costs one look at its properties.</summary>
/// <remarks>
/// The mark is the fraction of a second of the file's write time: a value computed from digest, size and second. Whoever
/// writes to the file, or cuts it off, leaves another time; whoever copies the store with its times keeps the mark. It
/// needs no second file per blob, has no race between hashing and remembering, and on a file system with coarse times it
/// is never found, which costs a hash per blob and process, not correctness. What it cannot see are bytes that change under
/// an unchanged time: whoever reads a blob compares its <see cref="FastDigest"/>.
/// </remarks>
internal static class BlobSeal
{
    /// <summary>Whether the file is as <see cref="Apply"/> left it.</summary>
    public static bool IsIntact(FileStamp stamp, Digest digest) => stamp.Modified == Time(digest, stamp.Size, stamp.Modified);

    /// <summary>Marks a complete, closed file; false when it belongs to somebody else, who alone may set its times.</summary>
    /// <param name="path">The file.</param>
    /// <param name="blob">What it holds.</param>
    /// <param name="time">Its write time, which moves by less than a second.</param>
    public static bool Apply(string path, BlobRef blob, DateTime time)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, new DateTime(Time(blob.Digest, blob.Size, time.Ticks), DateTimeKind.Utc));
            return true;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return false;
        }
    }

    private static long Time(Digest digest, long size, long ticks)
    {
        long second = ticks - ticks % TimeSpan.TicksPerSecond;
        Span<byte> input = stackalloc byte[64 + 16];
        System.Text.Encoding.ASCII.GetBytes(digest.ToString(), input);
        BinaryPrimitives.WriteInt64LittleEndian(input[64..], size);
        BinaryPrimitives.WriteInt64LittleEndian(input[72..], second);
        return second + (long)(XxHash3.HashToUInt64(input) % TimeSpan.TicksPerSecond);
    }
}
