using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

/// <summary>Blobs as files of this machine, which stages map into memory and write piece by piece.</summary>
internal interface IBlobFiles
{
    /// <summary>Begins a blob whose content comes piece by piece.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    BlobWriter CreateBlob();

    /// <summary>Adds content.</summary>
    /// <returns>Its digest.</returns>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    Digest Put(ReadOnlySpan<byte> content);

    /// <summary>Has blobs on this machine before they are opened one by one; what cannot be had is missing then.</summary>
    /// <param name="blobs">Blobs of results that were found.</param>
    void Bring(IEnumerable<Digest> blobs);

    /// <summary>Path of a blob whose bytes have just been checked, to be read only.</summary>
    /// <param name="digest">The blob.</param>
    /// <exception cref="DiagnosticException">The blob is missing or damaged (QB4008), or the file system failed.</exception>
    string Open(Digest digest);

    /// <summary>Content of an undamaged blob.</summary>
    /// <param name="digest">The blob.</param>
    /// <exception cref="DiagnosticException">The blob is missing or damaged (QB4008), or the file system failed.</exception>
    byte[] Read(Digest digest);
}
