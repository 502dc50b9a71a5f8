using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

/// <summary>
/// The id that git gives a file's content: SHA-1 over a header and the bytes. The Hub has no other digest of small files.
/// </summary>
[SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms",
    Justification = "Git's ids are SHA-1; what must be trusted has a SHA-256 beside it.")]
internal static class GitBlob
{
    /// <summary>Id of bytes; 40 lower-case hexadecimal digits.</summary>
    public static string IdOf(ReadOnlySpan<byte> content)
    {
        using IncrementalHash hash = Begin(content.Length);
        hash.AppendData(content);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Id of a file, in constant memory: whether it is a small one, only the server says.</summary>
    public static string IdOf(string path, CancellationToken ct)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
            FileOptions.SequentialScan);
        long size = RandomAccess.GetLength(file);
        using IncrementalHash hash = Begin(size);
        FileHash.Append(hash, file, 0, size, progress: null, ct);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IncrementalHash Begin(long size)
    {
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {size}\0")));
        return hash;
    }
}
