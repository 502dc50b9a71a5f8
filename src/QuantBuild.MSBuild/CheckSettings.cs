using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Task = Microsoft.Build.Utilities.Task;

namespace QuantBuild.MSBuild;

/// <summary>Refuses values that properties and metadata cannot have, all at once, with those that they can.</summary>
[MSBuildMultiThreadableTask]
public sealed class CheckSettings : Task
{
    /// <summary>
    /// Properties by name, with their <c>Value</c> and <c>Kind</c> (see <see cref="SettingKind.Named"/>). Without a value a default
    /// applies.
    /// </summary>
    [Required]
    public ITaskItem[] Properties { get; set; } = [];

    /// <summary>Metadata of models by name, with their <c>Kind</c>.</summary>
    [Required]
    public ITaskItem[] Metadata { get; set; } = [];

    /// <summary>The models.</summary>
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Folder of the project, which relative paths begin in.</summary>
    [Required]
    public string ProjectFolder { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        foreach (ITaskItem property in Properties)
            Check(property, property.GetMetadata("Value"), file: null);
        foreach (ITaskItem model in Models)
        {
            foreach (ITaskItem metadatum in Metadata)
                Check(metadatum, model.GetMetadata(metadatum.ItemSpec), model.GetMetadata("FullPath"));
        }
        return !Log.HasLoggedErrors;
    }

    private void Check(ITaskItem setting, string value, string? file)
    {
        var kind = SettingKind.Named(setting.GetMetadata("Kind"));
        if (value.Length == 0 || kind.Accepts(value, ProjectFolder))
            return;
        Log.LogError(subcategory: null, errorCode: "QB0010", helpKeyword: null, file: file, lineNumber: 0, columnNumber: 0,
            endLineNumber: 0, endColumnNumber: 0,
            message: "{0}", $"'{value}' cannot be the value of {setting.ItemSpec}: {kind.Allowed}");
    }
}
