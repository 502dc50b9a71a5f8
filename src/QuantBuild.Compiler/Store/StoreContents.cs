namespace QuantBuild.Compiler.Store;

/// <summary>A snapshot of a store's records and blobs.</summary>
internal sealed class StoreContents
{
    private StoreContents(List<StoredAction> actions, List<string> damagedRecords, Dictionary<Digest, StoredBlob> blobs)
    {
        Actions = actions;
        DamagedRecords = damagedRecords;
        Blobs = blobs;
    }

    /// <summary>Readable records.</summary>
    public List<StoredAction> Actions { get; }

    /// <summary>Records that cannot be read.</summary>
    public List<string> DamagedRecords { get; }

    /// <summary>Blobs; files with other names are not ours and are left out.</summary>
    public Dictionary<Digest, StoredBlob> Blobs { get; }

    /// <summary>Lists a store. Files that disappear meanwhile are left out.</summary>
    public static StoreContents Read(StoreLayout layout)
    {
        List<StoredAction> actions = [];
        List<string> damaged = [];
        foreach (string path in StoreLayout.Files(layout.Actions))
        {
            if (!Digest.TryParse(Path.GetFileNameWithoutExtension(path), out Digest key) || AtomicFile.TryRead(path) is not { } json)
                continue;
            if (ActionRecord.Parse(json, key) is { } record)
                actions.Add(new StoredAction(path, record, File.GetLastWriteTimeUtc(path).Ticks));
            else
                damaged.Add(path);
        }
        var blobs = new Dictionary<Digest, StoredBlob>();
        foreach (string path in StoreLayout.Files(layout.Blobs))
        {
            if (Digest.TryParse(Path.GetFileName(path), out Digest digest) && FileStamp.Of(path) is { } stamp)
                blobs[digest] = new StoredBlob(path, digest, stamp);
        }
        return new StoreContents(actions, damaged, blobs);
    }
}

/// <summary>A record in the store.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Record">Its content.</param>
/// <param name="LastUsed">Start of the last session that used it, or later, in ticks.</param>
internal sealed record StoredAction(string Path, ActionRecord Record, long LastUsed);

/// <summary>A blob in the store.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Digest">Its name.</param>
/// <param name="Stamp">Its size and times.</param>
internal sealed record StoredBlob(string Path, Digest Digest, FileStamp Stamp);
