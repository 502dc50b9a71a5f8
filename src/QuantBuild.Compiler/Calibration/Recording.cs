using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>What one sample's run showed at one site: a blob of the store, or tensors of a file from outside.</summary>
/// <param name="Digest">Identity of its content, for keys.</param>
internal sealed record Recording(Digest Digest)
{
    /// <summary>The file from outside, open; null for a blob of the store.</summary>
    public SafeTensorsFile? File { get; init; }

    /// <summary>What the file system said about <see cref="File"/> when it was checked.</summary>
    public FileStamp? Stamp { get; init; }

    /// <summary>What the names of its tensors start with in <see cref="File"/>.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>
    /// For every step of the expert its index in the tensors, or -1 when it was not recorded; default when they are the same.
    /// </summary>
    public ImmutableArray<int> Steps { get; init; }

    /// <summary>
    /// Refuses to go on when somebody wrote into a file from outside after it was checked: the key would name other content.
    /// </summary>
    /// <exception cref="DiagnosticException">It changed (QB4007).</exception>
    public void RequireUnchanged()
    {
        if (File is not null && FileStamp.Of(File.Handle!, File.Path!) != Stamp)
            throw new DiagnosticException(Descriptors.InputChanged.At(null, File.Path));
    }

    /// <summary>The same for identity's sake: two recordings of one digest are one.</summary>
    public bool Equals(Recording? other) => other is not null && Digest == other.Digest;

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();
}
