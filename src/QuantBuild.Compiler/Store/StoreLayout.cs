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

    public string Gate => Path.Combine(Locks, "gate");

    public string Temporary => Path.Combine(Root, "tmp");

    private string FormatFile => Path.Combine(Root, "format");

    public string Blob(Digest digest) => Sharded(Blobs, digest, "");

    public string Action(Digest key) => Sharded(Actions, key, ".json");

    public string MemoEntry(Digest key) => Sharded(Memo, key, ".json");

    public string Lock(Digest key) => Path.Combine(Locks, key + ".lock");

    /// <summary>A new name for a temporary file; its folder exists afterwards.</summary>
    public string NewTemporary()
    {
        Directory.CreateDirectory(Temporary);
        return Path.Combine(Temporary, Guid.NewGuid().ToString("N"));
    }

    /// <summary>Files below a sharded folder; none when the folder does not exist.</summary>
    public static IEnumerable<string> Files(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories) : [];

    /// <summary>Creates what is missing, or refuses a folder that is something else.</summary>
    /// <exception cref="DiagnosticException">The folder holds other things, or a newer format.</exception>
    public void Prepare()
    {
        Directory.CreateDirectory(Root);
        if (ReadFormat() is not { } format)
        {
            // Cleaning deletes folders by name, so a folder with somebody else's files must never become a store. A file
            // whose name starts like ours is another process that is creating the store right now.
            string? foreign = Directory.EnumerateFileSystemEntries(Root).Select(Path.GetFileName)
                .FirstOrDefault(name => !name!.StartsWith("format", StringComparison.Ordinal) && name[0] != '.' && name != "lost+found");
            if (foreign is not null && !File.Exists(FormatFile))
                throw new DiagnosticException(Descriptors.StoreForeign.At(null, Root, foreign));
            AtomicFile.Write(FormatFile, $"{FormatFile}.{Guid.NewGuid():N}",
                Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{FormatPrefix}{Format}\n")));
        }
        else if (format > Format)
        {
            throw new DiagnosticException(Descriptors.StoreTooNew.At(null, Root, format, Format));
        }
        foreach (string folder in (string[])[Blobs, Actions, Memo, Locks, Sessions, Temporary])
            Directory.CreateDirectory(folder);
        string tag = Path.Combine(Root, "CACHEDIR.TAG");
        if (!File.Exists(tag))
        {
            AtomicFile.Write(tag, NewTemporary(), Encoding.ASCII.GetBytes(
                "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of QuantBuild. It can be deleted at any time.\n"));
        }
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
