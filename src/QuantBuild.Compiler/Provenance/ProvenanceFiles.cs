using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>The files of provenance in an artifact's folder.</summary>
internal static class ProvenanceFiles
{
    /// <summary>
    /// Writes statement and run record. A statement that is there already stays, with its record and its signature: the run that made it is
    /// the one to tell about. A signature of another statement is removed, because it would vouch for files that are gone.
    /// </summary>
    /// <returns>The two files.</returns>
    public static IReadOnlyList<string> Write(string folder, byte[] statement, RunRecord run)
    {
        string stated = Path.Combine(folder, ProvenanceStatement.FileName), record = Path.Combine(folder, RunRecord.FileName);
        bool known = AtomicFile.TryRead(stated) is { } old && old.AsSpan().SequenceEqual(statement);
        if (!known)
        {
            AtomicFile.TryDelete(Path.Combine(folder, Envelope.FileName));
            Replace(stated, statement);
        }
        if (!known || !File.Exists(record))
            Replace(record, run.ToJson(statement));
        return [stated, record];
    }

    /// <summary>Writes a small file beside the artifact if its content differs.</summary>
    public static void Replace(string path, byte[] content)
    {
        try
        {
            if (AtomicFile.TryRead(path) is { } old && old.AsSpan().SequenceEqual(content))
                return;
            OutputFile.Replace(path, content);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }
}
