namespace QuantBuild.Soak.Mutations;

/// <summary>A reader of files of others, and what it may do with a damaged one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seed">A file that it reads.</param>
/// <param name="Read">
/// Reads a file; true when it was taken for a good one, false when the reader's own answer says that it is damaged.
/// </param>
/// <param name="IsCoded">Whether an exception is the reader's own error.</param>
internal sealed record ReaderTarget(string Name, byte[] Seed, Func<byte[], bool> Read, Func<Exception, bool> IsCoded)
{
    public override string ToString() => Name;
}
