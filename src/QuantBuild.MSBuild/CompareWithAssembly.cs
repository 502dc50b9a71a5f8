using Microsoft.Build.Framework;
using QuantBuild.Artifacts;
using Task = Microsoft.Build.Utilities.Task;

namespace QuantBuild.MSBuild;

/// <summary>
/// Holds the artifacts that exist against an assembly that is published or packed as it is. Files beside an app whose assembly was compiled
/// with others make it fail when it opens the model; a model that is embedded is whole, whatever was built after it.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class CompareWithAssembly : Task
{
    /// <summary>The models: manifests with the metadata LogicalName and OutputFolder.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Files that are published beside the app, with the metadata QuantModel.</summary>
    public ITaskItem[] Beside { get; set; } = [];

    /// <summary>The assembly.</summary>
    [Required]
    public ITaskItem Assembly { get; set; } = null!;

    /// <inheritdoc/>
    public override bool Execute()
    {
        string assembly = Assembly.GetMetadata("FullPath");
        if (!File.Exists(assembly))
            return true; // the publishing step reports it
        IReadOnlyDictionary<string, string> resources =
            AssemblyResources.Digests(assembly, Models.Select(model => $"{model.GetMetadata("LogicalName")}/").ToArray());
        HashSet<string> beside = [.. Beside.Select(file => file.GetMetadata("QuantModel"))];
        foreach (ITaskItem model in Models)
        {
            string name = model.GetMetadata("LogicalName");
            if (Mismatch(resources, name, BuiltModel.DigestIn(model.GetMetadata("OutputFolder")), beside.Contains(name)) is { } mismatch)
                Log.LogCodedError("QB0012", model.GetMetadata("FullPath"),
                    $"The assembly '{assembly}' {mismatch}. Build the project, without --no-build");
        }
        return !Log.HasLoggedErrors;
    }

    private static string? Mismatch(IReadOnlyDictionary<string, string> resources, string name, string? digest, bool beside)
    {
        string descriptor = $"{name}/{ArtifactDescriptor.FileName}";
        if (!resources.TryGetValue(descriptor, out string? compiled))
            return $"was compiled without the model '{name}'";
        bool whole = resources.Keys.Any(resource => resource != descriptor && resource.StartsWith($"{name}/", StringComparison.Ordinal));
        if (compiled == digest || (whole && !beside))
            return null;
        return digest is null
            ? $"needs the files of the model '{name}' beside it, and there are none"
            : $"was compiled with another model '{name}' than the one that would lie beside it";
    }
}
