namespace QuantBuild.Compiler.Store;

/// <summary>What a build keeps its results in.</summary>
/// <param name="Local">The store on this machine: locks, temporary files, digests of input files.</param>
/// <param name="Actions">Where results are looked up and remembered: the local store, or one with a remote store behind it.</param>
/// <param name="Blobs">Their content.</param>
internal sealed record BuildStore(ContentStore Local, IActionCache Actions, IBlobFiles Blobs)
{
    /// <summary>The local store alone.</summary>
    public BuildStore(ContentStore local) : this(local, local, local)
    {
    }
}
