using System.Globalization;
using System.Text;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

/// <summary>Where things are in a store's folder.</summary>
/// <param name="Root">The folder, absolute.</param>
internal sealed record StoreLayout(string Root)
{
    /// <summary>The format this code reads and writes.</summary>
    public const int Format = 1;

    private const string FormatPrefix = "quantbuild store ";

    public string Blobs => Path.Combine(Root, "blobs", "sha256");

    public string Actions => Path.Combine(Root, "actions");

    public string Memo => Path.Combine(Root, "memo");

    public string Locks => Path.Combine(Root, "locks");

    public string Sessions => Path.Combine(Locks, "sessions");

    /// <summary>For every session who it is.</summary>
    public string Users => Path.Combine(Locks, "users");

    /// <summary>A new file to try locks on.</summary>
    public string NewProbe() => Path.Combine(Locks, $"{Guid.NewGuid():N}.lock");

    public string Gate => Path.Combine(Locks, "gate");

    public string Temporary => Path.Combine(Root, "tmp");

    public string FormatFile => Path.Combine(Root, "format");

    public string CacheTag => Path.Combine(Root, "CACHEDIR.TAG");

    /// <summary>Content of <see cref="FormatFile"/>.</summary>
    public static byte[] FormatText { get; } =
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{FormatPrefix}{Format}\n"));

    /// <summary>Content of <see cref="CacheTag"/>.</summary>
    public static ReadOnlySpan<byte> CacheTagText =>
        "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of QuantBuild. It can be deleted at any time.\n"u8;

    /// <summary>Whether the store has a format that can be read.</summary>
    public bool HasFormat => ReadFormat() is not null;

    public string Blob(Digest digest) => Sharded(Blobs, digest, "");

    public string Action(Digest key) => Sharded(Actions, key, ".json");

    public string MemoEntry(Digest key) => Sharded(Memo, key, ".json");

    public string Lock(Digest key) => Path.Combine(Locks, key + ".lock");

    /// <summary>Files below a sharded folder; none when the folder does not exist.</summary>
    public static IEnumerable<string> Files(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories) : [];

    /// <summary>Refuses a folder that is something else.</summary>
    /// <exception cref="DiagnosticException">The folder holds other things, or a newer format.</exception>
    public void RequireOwn()
    {
        Directory.CreateDirectory(Root);
        int? format = ReadFormat();
        if (format > Format)
            throw new DiagnosticException(Descriptors.StoreTooNew.At(null, Root, format, Format));
        // Cleaning deletes files by name, so a folder with somebody else's must never become a store. One with nothing but what stores
        // have is what remains of a store that was deleted while a build used it.
        if (format is null && StoreNames.FirstForeign(Root) is { } foreign && !File.Exists(FormatFile))
            throw new DiagnosticException(Descriptors.StoreForeign.At(null, Root, foreign));
    }

    /// <summary>Creates the folders that are missing.</summary>
    public void CreateFolders()
    {
        foreach (string folder in (string[])[Blobs, Actions, Memo, Locks, Sessions, Users, Temporary])
            Directory.CreateDirectory(folder);
    }

    /// <summary>The store's format; null when it has none that can be read.</summary>
    private int? ReadFormat() => AtomicFile.TryRead(FormatFile) is { } content
        && Encoding.ASCII.GetString(content) is var text && text.StartsWith(FormatPrefix, StringComparison.Ordinal)
        && int.TryParse(text.AsSpan(FormatPrefix.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int format)
            ? format : null;

    private static string Sharded(string folder, Digest digest, string extension)
    {
        string name = digest.ToString();
        return Path.Combine(folder, name[..2], name + extension);
    }
}
