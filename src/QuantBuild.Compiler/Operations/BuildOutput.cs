using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Operations;

/// <summary>Writes what a build leaves behind: the artifact, what was measured, its provenance, and the lock.</summary>
internal static class BuildOutput
{
    /// <summary>Writes everything; in locked mode nothing, unless the lock file says the same.</summary>
    /// <param name="session">The build.</param>
    /// <param name="output">Folder for the artifact.</param>
    /// <param name="artifact">What was built.</param>
    /// <param name="started">When the build began.</param>
    /// <param name="cancellation">Stops it between two files.</param>
    public static CompileResult Write(CompileSession session, string output, FinishedArtifact artifact, DateTimeOffset started,
        CancellationToken cancellation)
    {
        string lockPath = LockFile.PathFor(session.Plan.Manifest.Path);
        if (session.Options.Locked)
            artifact.Lock.RequireUnchanged(lockPath);
        output = Path.GetFullPath(output);
        session.Stores.Blobs.Bring(artifact.Files.Select(file => file.Content.Digest));
        ArtifactFolder.WriteAsync(session.Store, output, artifact.Files, artifact.Descriptor, ct: cancellation,
            hardLinks: session.Options.HardLinks, force: session.Options.Force).GetAwaiter().GetResult();

        string quality = Path.Combine(output, ArtifactQuality.FileName);
        byte[] measured = ArtifactQuality.ToJson(artifact.Layers);
        ProvenanceFiles.Replace(quality, measured);
        byte[] statement = ProvenanceStatement.Create(artifact.Descriptor, artifact.Lock, session.Plan.Manifest.Content,
            (ArtifactQuality.FileName, Digest.Of(measured)));
        IReadOnlyList<ActionEvent> actions = session.Runner.Trace;
        var run = new RunRecord(Guid.NewGuid(), started, TimeProvider.System.GetUtcNow(),
            actions.Count(action => action.Outcome == ActionOutcome.Ran), actions.Count);
        IReadOnlyList<string> provenance = ProvenanceFiles.Write(output, statement, run);

        bool lockChanged = !session.Options.Locked && artifact.Lock.Write(lockPath);
        if (actions.Count > 0)
            BuildHistory.Save(session.Store, session.Plan.Manifest.Path, actions);
        return new CompileResult(session.Plan.Manifest.Name, output, lockPath, lockChanged,
            artifact.Files.Sum(file => file.Content.Size), actions, artifact.Layers,
            BuildFiles.ReadBy(session, lockPath), [.. BuildFiles.WrittenTo(output, artifact.Files), quality, .. provenance]);
    }
}
