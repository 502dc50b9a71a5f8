using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Artifacts;

/// <summary>
/// <c>&lt;name&gt;.quant.lock.json</c> beside the manifest, generated and committed: what a build resolved, what it read and
/// what it made, so that a change of any of them shows in a review.
/// </summary>
/// <remarks>It holds no times and no paths of a machine: equal inputs give equal bytes anywhere.</remarks>
/// <param name="Tool">Version of the tool.</param>
/// <param name="Profiles">Names of the arithmetic, such as <c>cpu-1</c>.</param>
/// <param name="Plan">Digest of the canonical resolved plan.</param>
/// <param name="Calibration">Digest of each calibration sample, in order.</param>
/// <param name="Experts">The experts; names are unique.</param>
/// <param name="Source">
/// The checkpoint's repository and commit; null when it came from a folder, of which the lock says nothing but the digests.
/// </param>
internal sealed record LockFile(string Tool, ProfileNames Profiles, Digest Plan, ImmutableArray<Digest> Calibration,
    ImmutableArray<LockedExpert> Experts,
    LockedSource? Source = null)
{
    /// <summary>Version of the file's format.</summary>
    public const int Format = 2;

    /// <summary>How the names of lock files end.</summary>
    internal const string Ending = ".quant.lock.json";

    /// <summary>The lock file of a manifest: <c>tinywan.quant.json</c> has <c>tinywan.quant.lock.json</c>.</summary>
    public static string PathFor(string manifest) => Path.ChangeExtension(manifest, ".lock.json");

    /// <summary>Reads a lock file; null when there is none.</summary>
    /// <exception cref="DiagnosticException">It cannot be understood (QB4022), or the file system failed.</exception>
    public static LockFile? Read(string path)
    {
        try
        {
            return AtomicFile.TryRead(path) is { } json ? LockFileJson.Parse(json, path) : null;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }

    /// <summary>Reads a lock file that must be there.</summary>
    /// <exception cref="DiagnosticException">There is none (QB4021), or as for <see cref="Read"/>.</exception>
    public static LockFile Require(string path) =>
        Read(path) ?? throw new DiagnosticException(Descriptors.LockFileMissing.At(new SourceSpan(path)));

    /// <summary>Writes the file if its content differs; false when it is up to date already.</summary>
    /// <exception cref="DiagnosticException">The file system failed.</exception>
    public bool Write(string path)
    {
        try
        {
            byte[] json = ToJson();
            // A checkout may have turned the line ends around, an editor put a byte order mark before the text; neither is a difference.
            if (AtomicFile.TryRead(path) is { } old && LockFileJson.WithoutByteOrderMark(old).ToArray().Where(b => b != '\r')
                .SequenceEqual(json))
                return false;
            OutputFile.Replace(path, json, durable: true);
            return true;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }

    /// <summary>Locked mode: the committed file must say the same.</summary>
    /// <exception cref="DiagnosticException">There is none (QB4021), it cannot be understood (QB4022), or it differs (QB4020).</exception>
    public void RequireUnchanged(string path)
    {
        ImmutableArray<string> changes = Difference(Require(path), this);
        if (changes.IsEmpty)
            return;
        const int Shown = 5;
        string more = changes.Length > Shown ? $"; and {changes.Length - Shown} more" : "";
        throw new DiagnosticException(Descriptors.LockFileChanged.At(new SourceSpan(path), string.Join("; ", changes.Take(Shown)) + more));
    }

    /// <summary>
    /// The differences as lines for people, such as <c>high_noise / blocks.0.ffn.2 / rank: 16 -> 32</c>; empty when there are none.
    /// </summary>
    public static ImmutableArray<string> Difference(LockFile before, LockFile after) =>
        JsonDifference.Lines(LockFileJson.ToJson(before), LockFileJson.ToJson(after));

    /// <summary>The file's bytes: canonical, indented, LF line ends.</summary>
    public byte[] ToJson() => CanonicalJson.SerializeIndented(LockFileJson.ToJson(this));
}
