using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Differences;

/// <summary>Opens what can be compared and compares it.</summary>
internal static class Snapshots
{
    private const string LockEnding = ".lock.json";

    /// <summary>
    /// Compares two artifacts' folders, lock files, or manifests, which stand for the lock files beside them; in any mixture.
    /// </summary>
    /// <param name="before">Path of the first.</param>
    /// <param name="after">Path of the second.</param>
    /// <param name="store">Where the errors that a lock file names may be.</param>
    /// <exception cref="DiagnosticException">One of them cannot be read.</exception>
    public static BuildDifference Compare(string before, string after, ContentStore store)
    {
        ArtifactDescriptor? first = Descriptor(before);
        ArtifactDescriptor? second = Descriptor(after);
        // Tensors tell something only beside those of the other artifact, and nothing when the files are the same.
        bool withTensors = first is not null && second is not null && !Files(first).SetEquals(Files(second));
        return BuildDifference.Of(Of(before, first, withTensors, store), Of(after, second, withTensors, store));
    }

    /// <summary>Compares the last build of a manifest on this machine with the one before it.</summary>
    /// <exception cref="DiagnosticException">The store remembers no two different builds of it (QB4024).</exception>
    public static BuildDifference OfHistory(string manifest, ContentStore store)
    {
        BuildHistory history = BuildHistory.Load(store, manifest);
        if (history.Last.Count == 0 || history.Previous.Count == 0)
            throw new DiagnosticException(Descriptors.NoTwoBuilds.At(new SourceSpan(Path.GetFullPath(manifest)), store.Root));
        return BuildDifference.Of(HistorySnapshot.Of("the build before", history.Previous, store),
            HistorySnapshot.Of("the last build", history.Last, store));
    }

    private static BuildSnapshot Of(string path, ArtifactDescriptor? descriptor, bool withTensors, ContentStore store)
    {
        try
        {
            if (descriptor is not null)
                return ArtifactSnapshot.Of(path, descriptor, withTensors);
            string file = path.EndsWith(LockEnding, StringComparison.Ordinal) || !path.EndsWith(".quant.json", StringComparison.Ordinal)
                ? path
                : LockFile.PathFor(path);
            return LockSnapshot.Of(path, LockFile.Read(file)
                ?? throw new DiagnosticException(Descriptors.NothingToCompare.At(new SourceSpan(Path.GetFullPath(file)))), store);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure) || failure is SafeTensorsException)
        {
            throw new DiagnosticException(Descriptors.ArtifactUnreadable.At(null, path, failure.Message), failure);
        }
    }

    private static ArtifactDescriptor? Descriptor(string path)
    {
        string file = Path.Combine(path, ArtifactDescriptor.FileName);
        try
        {
            return Directory.Exists(path) ? ArtifactDescriptor.Parse(File.ReadAllBytes(file)) : null;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure) || failure is ArtifactException)
        {
            throw new DiagnosticException(Descriptors.ArtifactUnreadable.At(null, path, failure.Message), failure);
        }
    }

    private static HashSet<(string, string)> Files(ArtifactDescriptor descriptor) =>
        [.. descriptor.Experts.SelectMany(expert => expert.Value.Files.Select(file => (expert.Key + "/" + file.Name, file.Digest)))];
}
