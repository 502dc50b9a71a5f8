using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QuantBuild.SafeTensors;

namespace QuantBuild.Pickles;

/// <summary>
/// A <c>.pth</c> file of PyTorch, read as what it is for: named tensors. It opens as a <see cref="SafeTensorsFile"/>, whose tensors are
/// read where they lie in the archive; nothing is copied, and no code of the file runs.
/// </summary>
internal static class PthFile
{
    private const long LargestPickle = 1 << 26;

    /// <summary>Whether a file begins as a zip archive does.</summary>
    public static bool IsArchive(string path)
    {
        Span<byte> start = stackalloc byte[4];
        using SafeFileHandle file = File.OpenHandle(path);
        return RandomAccess.Read(file, start, 0) == 4 && start.SequenceEqual("PK\x03\x04"u8);
    }

    /// <summary>Opens a state dict.</summary>
    /// <exception cref="SafeTensorsException">It is no state dict of contiguous tensors, or has anything else in it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns the file.")]
    public static SafeTensorsFile Open(string path)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        var content = new HandleContent(file, path);
        try
        {
            return SafeTensorsFile.OfTensors(Tensors(content, RandomAccess.GetLength(file), path), content, path);
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    private static Dictionary<string, TensorInfo> Tensors(HandleContent content, long length, string path)
    {
        IReadOnlyList<ZipEntry> entries = new ZipDirectory(content, length, path).Read();
        ZipEntry pickle = entries.FirstOrDefault(entry => entry.Name.EndsWith("/data.pkl", StringComparison.Ordinal));
        if (pickle.Name is null)
            throw PthException.Archive(path, "it has no data.pkl: it is no file of torch.save, or one of TorchScript");
        string root = pickle.Name[..^"data.pkl".Length];
        if (pickle.Length > LargestPickle)
            throw PthException.Archive(path, $"its pickle has {pickle.Length} bytes; those of state dicts are far smaller");
        if (entries.FirstOrDefault(entry => entry.Name == root + "byteorder") is { Name: not null, Length: > 0 and < 16 } order
            && Encoding.ASCII.GetString(Bytes(content, order)) != "little")
            throw PthException.Archive(path, "its numbers are in big-endian order");

        var storages = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        foreach (ZipEntry entry in entries.Where(entry => entry.Name.StartsWith(root + "data/", StringComparison.Ordinal)))
        {
            if (!storages.TryAdd(entry.Name[(root + "data/").Length..], entry))
                throw PthException.Archive(path, $"the entry '{entry.Name}' is there twice");
        }
        return new StateDict(path, storages).Read(Bytes(content, pickle));
    }

    private static byte[] Bytes(HandleContent content, ZipEntry entry)
    {
        var bytes = new byte[entry.Length];
        content.Read(entry.Offset, bytes);
        return bytes;
    }
}
