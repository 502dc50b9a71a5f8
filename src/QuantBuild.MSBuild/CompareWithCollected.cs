using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace QuantBuild.MSBuild;

/// <summary>
/// Holds what a build compiles with against the artifacts that exist now. Targets run once: one that collected the artifacts before
/// they were built leaves the compiler without them, or with those of the last build.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class CompareWithCollected : Task
{
    /// <summary>The models: manifests with the metadata LogicalName and OutputFolder.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The artifacts that were collected, with LogicalName and Digest.</summary>
    public ITaskItem[] Collected { get; set; } = [];

    /// <inheritdoc/>
    public override bool Execute()
    {
        ILookup<string, string> collected = Collected.ToLookup(artifact => artifact.GetMetadata("LogicalName"), artifact =>
            artifact.GetMetadata("Digest"));
        foreach (ITaskItem model in Models)
        {
            string name = model.GetMetadata("LogicalName");
            string? digest = BuiltModel.DigestIn(model.GetMetadata("OutputFolder"));
            string? compiled = collected[name].FirstOrDefault();
            if (digest is not null && digest == compiled)
                continue;
            string with = compiled is null ? $"without the model '{name}'" : $"with an earlier state of the model '{name}'";
            Log.LogCodedError("QB0013", model.GetMetadata("FullPath"),
                $"The assembly would be compiled {with}, because a target asked for AssignTargetPaths or QuantCollect " +
                "before the model was built. Let that target depend on Quantize as well, as in -t:Quantize;QuantCollect;Build");
        }
        return !Log.HasLoggedErrors;
    }
}
