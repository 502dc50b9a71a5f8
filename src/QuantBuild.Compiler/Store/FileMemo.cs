using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Store;

/// <summary>Remembers facts about the content of input files, so that an unchanged file is not read again.</summary>
/// <remarks>
/// A fact holds while the file's <see cref="FileStamp"/> stays the same. A file that changed within two seconds before it
/// was looked at is not remembered: another write could leave the same time on a file system with coarse times. One small
/// file per entry, appearing by rename; a damaged entry is ignored.
/// </remarks>
internal sealed class FileMemo
{
    private static readonly TimeSpan TimeGranularity = TimeSpan.FromSeconds(2);
    private readonly ContentStore _store;
    private readonly StoreLayout _layout;

    internal FileMemo(ContentStore store, StoreLayout layout)
    {
        _store = store;
        _layout = layout;
    }

    /// <summary>What tells how old a file is.</summary>
    internal TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>The remembered fact, or null when there is none or the file has changed since.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What kind of fact, with its version.</param>
    public JsonObject? Find(string path, string kind) =>
        FileStamp.Of(path) is { } stamp ? Find(Path.GetFullPath(path), kind, stamp) : null;

    /// <summary>The remembered fact, or a newly computed one; processes that want the same one compute it once.</summary>
    /// <param name="path">The file's path, under which the fact is remembered.</param>
    /// <param name="file">The file, open: what has its name by now does not matter.</param>
    /// <param name="kind">What kind of fact, with its version.</param>
    /// <param name="compute">Reads the file through the same handle.</param>
    /// <param name="ct">Ends the waiting for another process.</param>
    /// <exception cref="DiagnosticException">The file changed while it was read (QB4007), or the store failed.</exception>
    public async ValueTask<JsonObject> GetOrComputeAsync(string path, SafeFileHandle file, string kind, Func<JsonObject> compute,
        CancellationToken ct = default)
    {
        string absolute = Path.GetFullPath(path);
        if (Find(absolute, kind, FileStamp.Of(file, path)) is { } early)
            return early;
        using ActionClaim turn = await _store.LockAsync(EntryKey(absolute, kind), onWait: null, $"the digests of '{path}'", ct);
        for (FileStamp before = FileStamp.Of(file, path), after; ; before = after)
        {
            if (Find(absolute, kind, before) is { } known)
                return known;
            long start = Clock.GetUtcNow().UtcTicks;
            JsonObject fact = compute();
            after = FileStamp.Of(file, path);
            if (!after.HasTimesOf(before))
                throw new DiagnosticException(Descriptors.InputChanged.At(null, path));
            // Renamed or deleted meanwhile, or written to by somebody who sets times back: once more tells.
            if (after != before)
                continue;
            if (IsSettled(before, start))
                Write(absolute, kind, before, fact);
            return fact;
        }
    }

    /// <summary>Whether a write after <paramref name="start"/> is sure to change the stamp.</summary>
    internal static bool IsSettled(FileStamp stamp, long start) =>
        (stamp.Changed != 0 ? stamp.Changed : stamp.Modified) < start - TimeGranularity.Ticks;

    /// <summary>The file that an entry is about; null when the entry is damaged.</summary>
    internal static string? Subject(string entry)
    {
        try
        {
            return AtomicFile.TryRead(entry) is { } json ? CheckedNodes.Parse(json).Find("path")?.Text() : null;
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }

    /// <summary>The fact of an entry; null when the entry is damaged, or about another state of the file.</summary>
    internal static JsonObject? Parse(ReadOnlySpan<byte> json, FileStamp stamp)
    {
        try
        {
            JsonObject entry = CheckedNodes.Parse(json).Members();
            return entry.Remove("sum", out JsonNode? sum) && sum.Digest() == CanonicalJson.DigestOf(entry)
                && JsonNode.DeepEquals(entry.Find("stamp"), Describe(stamp))
                ? (JsonObject)entry.Member("fact").Members().DeepClone() : null;
        }
        catch (MalformedJsonException)
        {
            return null;
        }
    }

    private static Digest EntryKey(string path, string kind) => Digest.Of(Encoding.UTF8.GetBytes($"{kind}\0{path}"));

    private JsonObject? Find(string path, string kind, FileStamp stamp)
    {
        try
        {
            return AtomicFile.TryRead(_layout.MemoEntry(EntryKey(path, kind))) is { } json ? Parse(json, stamp) : null;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return null;
        }
    }

    private void Write(string path, string kind, FileStamp stamp, JsonObject fact)
    {
        var entry = new JsonObject { ["path"] = path, ["kind"] = kind, ["stamp"] = Describe(stamp), ["fact"] = fact.DeepClone() };
        entry.Add("sum", CanonicalJson.DigestOf(entry).ToString());
        try
        {
            AtomicFile.Write(_layout.MemoEntry(EntryKey(path, kind)), _store.NewTemporary(), CanonicalJson.Serialize(entry));
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            // The fact is known now; that it will not be known next time is no reason to fail.
        }
    }

    private static JsonObject Describe(FileStamp stamp) => new()
    {
        ["size"] = stamp.Size,
        ["modified"] = stamp.Modified,
        ["changed"] = stamp.Changed,
        ["id"] = stamp.Id,
    };
}
