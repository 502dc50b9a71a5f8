using QuantBuild.Compiler.Store;

namespace QuantBuild.Benchmarks.Sharing;

/// <summary>Results of actions as layers have them: three outputs of 8 kB.</summary>
internal static class StoredRecords
{
    public const int Blobs = 3;
    private const int BlobSize = 8000;

    /// <summary>Puts the outputs of a result that nobody had before into a store, and makes its record.</summary>
    public static ActionRecord Make(ContentStore store, int number)
    {
        var blobs = new Dictionary<string, BlobRef>();
        var content = new byte[BlobSize];
        for (int i = 0; i < Blobs; i++)
        {
            new Random((number * Blobs) + i).NextBytes(content);
            blobs.Add(FormattableString.Invariant($"output{i}"), new BlobRef(store.Put(content), content.Length));
        }
        return new ActionRecord(Digest.Of(BitConverter.GetBytes(number)), "Gptq", blobs, 1, "0.1.0", []);
    }
}
