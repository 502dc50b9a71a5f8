using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

internal sealed partial class ContentStore
{
    /// <summary>
    /// What an action produced, with all its blobs undamaged; null when it has to run. A record that is damaged, or whose
    /// blobs are not all there, is deleted. Nothing of a record that was found is pruned until this store is disposed.
    /// </summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public ActionRecord? FindAction(Digest key)
    {
        string path = _layout.Action(key);
        return Guarded(path, () =>
        {
            ActionRecord? record;
            int known = 0;
            using (_gate.Use())
            {
                if (AtomicFile.TryRead(path) is not { } json)
                    return null;
                record = ActionRecord.Parse(json, key, (digest, fast) =>
                {
                    _fast[digest] = fast;
                    known++;
                });
                if (record is not null)
                    MarkUsed(path, json);
            }
            if (record is not null
                && record.Outputs.Values.All(output => (ReadsWhatItFinds ? Check(output.Digest) : Find(output.Digest)) == output.Size))
            {
                // An older version's: its blobs have just been read, and need not be again.
                if (known < record.Outputs.Count)
                    PutAction(record);
                return record;
            }
            AtomicFile.TryDelete(path);
            return null;
        });
    }

    /// <summary>Remembers what an action produced. Of two writers the last wins; as keys decide outputs, they say the same.</summary>
    /// <param name="record">The record; its output blobs are in the store.</param>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public void PutAction(ActionRecord record)
    {
        string path = _layout.Action(record.Key);
        byte[] json = record.ToJson(digest => _fast.TryGetValue(digest, out FastDigest fast) ? fast : null);
        Guarded(path, () =>
        {
            string temporary = Session.NewTemporary();
            using IDisposable use = _gate.Use();
            AtomicFile.Write(path, temporary, json);
            return true;
        });
    }

    /// <summary>Every readable record, in no particular order; looking at them does not count as use.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public IReadOnlyList<ActionRecord> Actions() => Guarded(_layout.Actions,
        () => StoreLayout.Files(_layout.Actions).Select(ReadRecord).OfType<ActionRecord>().ToList());

    private static ActionRecord? ReadRecord(string path) =>
        Digest.TryParse(Path.GetFileNameWithoutExtension(path), out Digest key) && AtomicFile.TryRead(path) is { } json
            ? ActionRecord.Parse(json, key) : null;

    /// <summary>A record's write time is the start of the last session that used it, or later: one touch per session.</summary>
    private void MarkUsed(string path, byte[] json)
    {
        if (File.GetLastWriteTimeUtc(path).Ticks >= Session.Start)
            return;
        try
        {
            File.SetLastWriteTimeUtc(path, new DateTime(Math.Max(DateTime.UtcNow.Ticks, Session.Start), DateTimeKind.Utc));
        }
        catch (UnauthorizedAccessException)
        {
            AtomicFile.Write(path, Session.NewTemporary(), json); // somebody else's file: only its owner may set its time
        }
    }
}
