using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace QuantBuild.SafeTensors;

/// <summary>
/// Tells what a file is that is not what its name says: downloads leave pointers and error pages, and other formats are renamed.
/// </summary>
internal static class ForeignFile
{
    /// <summary>Bytes from a file's begin that tell its kind.</summary>
    public const int Sample = 1024;

    private const int TarMark = 257;
    private const int ShownText = 40;

    private static readonly (byte[] Mark, string Kind)[] Marks =
    [
        ("version https://git-lfs.github.com/spec/"u8.ToArray(), Pointer("Git LFS")),
        ("version http://git-media.io/v/"u8.ToArray(), Pointer("Git LFS")),
        ("# xet version "u8.ToArray(),
            "a Xet pointer, not the file itself: run `git xet pull` in the repository, or download the file from its page"),
        ("GGUF"u8.ToArray(), "a GGUF file: use the checkpoint in safetensors"),
        ("ggjt"u8.ToArray(), "a GGML file: use the checkpoint in safetensors"),
        ([0x1f, 0x8b], "a gzip archive: unpack it"),
        ("BZh"u8.ToArray(), "a bzip2 archive: unpack it"),
        ([0xfd, .. "7zXZ"u8, 0], "an xz archive: unpack it"),
        ([0x28, 0xb5, 0x2f, 0xfd], "a zstd archive: unpack it"),
        ([.. "7z"u8, 0xbc, 0xaf, 0x27, 0x1c], "a 7-Zip archive: unpack it"),
        ("Rar!"u8.ToArray(), "a RAR archive: unpack it"),
        ([0x89, .. "HDF"u8], "an HDF5 file, as Keras writes it: convert it to safetensors"),
        ([0x93, .. "NUMPY"u8], "a NumPy array: convert it to safetensors"),
        ([0x89, .. "PNG"u8], "a picture (PNG)"),
        ([0xff, 0xd8, 0xff], "a picture (JPEG)"),
        ("%PDF-"u8.ToArray(), "a PDF document"),
        ([0xff, 0xfe], "text in UTF-16: save it as UTF-8"),
        ([0xfe, 0xff], "text in UTF-16: save it as UTF-8"),
    ];

    /// <summary>
    /// What a file is, and what to do: "a Git LFS pointer, not the file itself: run …"; null when its begin tells nothing.
    /// </summary>
    /// <param name="start">Its first bytes, <see cref="Sample"/> of them if it has as many.</param>
    public static string? Describe(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty)
            return "an empty file: download it again";
        // A length and the begin of a header: what is wrong with it is not that it is something else.
        if (start is [_, _, _, _, 0, 0, 0, 0, (byte)'{', ..])
            return null;
        foreach ((byte[] mark, string kind) in Marks)
        {
            if (start.StartsWith(mark))
                return kind;
        }
        return IsZip(start) ? Zip(start)
            : start is [0x80, >= 2 and <= 5, ..]
            ? "a Python pickle, as PyTorch's older .pt, .pth and .bin are, which runs code when it is loaded: convert it to safetensors"
            : start.Length > TarMark + 5 && start[TarMark..].StartsWith("ustar"u8) ? "a tar archive: unpack it"
            : !start.ContainsAnyExcept((byte)0) ? "a file of zero bytes alone, whose download was not finished: download it again"
            : IsText(start) ? Text(start)
            : null;
    }

    /// <summary>
    /// Why a file that should be JSON cannot be read, if that is because it is something else: "this is no JSON but …"; null when it may be
    /// broken JSON.
    /// </summary>
    /// <param name="file">Its bytes.</param>
    public static string? NotJson(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> start = file[..Math.Min(file.Length, Sample)];
        return Trimmed(start) is ['{' or '[', ..] || Describe(start) is not { } kind ? null : $"this is no JSON but {kind}";
    }

    private static string Pointer(string system) =>
        $"a {system} pointer, not the file itself: run `git lfs pull` in the repository, or download the file from its page";

    private static bool IsZip(ReadOnlySpan<byte> start) =>
        start is [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'P', (byte)'K', 5, 6, ..] or [(byte)'P', (byte)'K', 7, 8, ..];

    /// <summary>PyTorch's files are zip archives whose first entry is the pickle.</summary>
    private static string Zip(ReadOnlySpan<byte> start) => start.IndexOf("data.pkl"u8) >= 0 || start.IndexOf("archive/"u8) >= 0
        ? "a PyTorch file (.pt, .pth, .bin): convert it to safetensors"
        : "a zip archive, as PyTorch's .pt, .pth and .bin are, too: unpack it, or convert it to safetensors";

    private static bool IsText(ReadOnlySpan<byte> start)
    {
        foreach (byte b in start)
        {
            if (b is < 0x20 and not ((byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f') or 0x7f)
                return false;
        }
        // The sample may end within a character.
        for (int cut = 0; cut < Math.Min(4, start.Length); cut++)
        {
            if (Utf8.IsValid(start[..^cut]))
                return true;
        }
        return false;
    }

    private static string Text(ReadOnlySpan<byte> start)
    {
        string text = Trimmed(start);
        return Begins(text, "<!doctype html", "<html", "<head", "<body", "<!--")
            ? "an HTML page, such as one that asks to log in or tells an error: download the file again, with a token if it needs one"
            : Begins(text, "<?xml", "<Error") ? "XML, such as the error of a storage server: download the file again"
            : text.StartsWith('{') && text.Contains("\"weight_map\"", StringComparison.Ordinal)
            ? "the index of a sharded checkpoint: name its folder"
            : text is ['{' or '[', ..] ? "JSON text"
            : $"text that begins '{Shown(text)}': download the file again";
    }

    private static bool Begins(string text, params ReadOnlySpan<string> marks)
    {
        foreach (string mark in marks)
        {
            if (text.StartsWith(mark, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    private static string Trimmed(ReadOnlySpan<byte> start) => Encoding.UTF8.GetString(start).TrimStart('\ufeff').TrimStart();

    /// <summary>Its first words, without anything that is not a plain character.</summary>
    private static string Shown(string text) => string.Concat(text.Take(ShownText)
        .Select(c => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            ? ' '
            : c)).TrimEnd();
}
