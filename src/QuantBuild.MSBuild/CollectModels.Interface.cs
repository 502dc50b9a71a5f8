using Microsoft.Build.Framework;

namespace QuantBuild.MSBuild;

public sealed partial class CollectModels
{
    /// <summary>
    /// The models: manifests with the metadata LogicalName, OutputFolder, LockFile, InputsFile, Embed, ClassName, CopyToOutputDirectory and
    /// PackagePath.
    /// </summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>False in a build without models: accessors that only say so are written, and files only listed.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>True while an editor looks at the project: nothing is copied, and damage is no error.</summary>
    public bool DesignTime { get; set; }

    /// <summary>True when the assembly that exists is published or packed as it is: nothing is written.</summary>
    public bool NoBuild { get; set; }

    /// <summary>Artifacts of at most this size are embedded.</summary>
    public string EmbedLimit { get; set; } = "";

    /// <summary>The most that all artifacts may have in a package.</summary>
    public string PackageLimit { get; set; } = "";

    /// <summary>Folder for what is embedded, a file per resource, named by its content too.</summary>
    [Required]
    public string EmbedFolder { get; set; } = "";

    /// <summary>Folder for accessors; none are written without one.</summary>
    public string? AccessorFolder { get; set; }

    /// <summary>Namespace of accessors.</summary>
    public string AccessorNamespace { get; set; } = "";

    /// <summary>Visibility of accessors.</summary>
    public string AccessorVisibility { get; set; } = "public";

    /// <summary>CopyToOutputDirectory of files beside the app whose model does not say.</summary>
    public string CopyToOutputDirectory { get; set; } = "IfDifferent";

    /// <summary>Folder in a package for files beside the app whose model does not say.</summary>
    public string PackagePath { get; set; } = "";

    /// <summary>The project's Content, of which some SDKs make every JSON file a part.</summary>
    public ITaskItem[] Content { get; set; } = [];

    /// <inheritdoc/>
    public bool FailIfNotIncremental { get; set; }

    /// <summary>The artifacts that exist: folders with LogicalName, Manifest, Digest, Size and Embedded.</summary>
    [Output]
    public ITaskItem[] Artifacts { get; private set; } = [];

    /// <summary>Files to embed.</summary>
    [Output]
    public ITaskItem[] Resources { get; private set; } = [];

    /// <summary>Files to lie beside the app, with the metadata QuantModel.</summary>
    [Output]
    public ITaskItem[] Contents { get; private set; } = [];

    /// <summary>Files to put into a package.</summary>
    [Output]
    public ITaskItem[] PackageFiles { get; private set; } = [];

    /// <summary>Accessors to compile.</summary>
    [Output]
    public ITaskItem[] Accessors { get; private set; } = [];

    /// <summary>Those of <see cref="Content"/> that models are made of: no app reads them.</summary>
    [Output]
    public ITaskItem[] SourceContents { get; private set; } = [];

    /// <summary>Every file that belongs to the build.</summary>
    [Output]
    public ITaskItem[] Files { get; private set; } = [];

    /// <summary>Size of all artifacts in bytes.</summary>
    [Output]
    public long TotalSize { get; private set; }

    /// <summary>Whether that is more than a package may have.</summary>
    [Output]
    public bool ExceedsPackageLimit => TotalSize > (SettingKind.Bytes(PackageLimit) ?? long.MaxValue);
}
