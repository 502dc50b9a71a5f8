using System.Globalization;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using QuantBuild.Artifacts;
using QuantBuild.Files;
using Task = Microsoft.Build.Utilities.Task;

namespace QuantBuild.MSBuild;

/// <summary>
/// Looks at the artifacts that exist and says what becomes of their files: resources, files beside the app, package content, and the
/// generated accessor. It reads descriptors only, so every build can afford it.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed partial class CollectModels : Task, IIncrementalTask
{
    /// <summary>The compiler fails at about 2 GB of resources, and apps do not start a little below that.</summary>
    private const long LargestEmbedded = 1800L << 20;

    private readonly List<ITaskItem> _artifacts = [];
    private readonly List<ITaskItem> _resources = [];
    private readonly List<ITaskItem> _contents = [];
    private readonly List<ITaskItem> _packageFiles = [];
    private readonly List<ITaskItem> _accessors = [];
    private readonly List<ITaskItem> _files = [];
    private readonly Dictionary<string, string> _classes = [];

    /// <inheritdoc/>
    public override bool Execute()
    {
        var sources = new ModelSources();
        foreach (ITaskItem model in Models)
        {
            sources.Add(model.GetMetadata("FullPath"), model.GetMetadata("LockFile"), model.GetMetadata("InputsFile"));
            Collect(model);
        }
        SourceContents = [.. Content.Where(file => sources.Contain(file.GetMetadata("FullPath")))];
        Artifacts = [.. _artifacts];
        Resources = [.. _resources];
        Contents = [.. _contents];
        PackageFiles = [.. _packageFiles];
        Accessors = [.. _accessors];
        Files = [.. _files];
        return !Log.HasLoggedErrors;
    }

    private void Collect(ITaskItem model)
    {
        string name = model.GetMetadata("LogicalName");
        BuiltModel? built = Read(model);
        if (built is not null)
        {
            _files.AddRange(built.Files.Select(file => LiteralItem.Of(file.Path)));
            // Companions of the artifact, such as its provenance: they stay here, but Clean must know them.
            _files.AddRange(Directory.EnumerateFiles(built.Folder, "*.json").Where(file => file != built.Files[0].Path)
                .Select(file => LiteralItem.Of(file)));
            if (Enabled)
                Deliver(model, name, built);
        }
        if (AccessorFolder is { Length: > 0 } folder)
        {
            string className = ModelAccessor.ClassName(model.GetMetadata("ClassName") is { Length: > 0 } chosen ? chosen : name);
            if (!_classes.TryAdd(className, name) && !DesignTime)
                Error("QB0002", model.GetMetadata("FullPath"),
                    $"The models '{_classes[className]}' and '{name}' would both have the class '{className}': give one a ClassName");
            WriteAccessor(Path.Combine(folder, name + ".g.cs"), name, className, Enabled ? built : null);
        }
    }

    private BuiltModel? Read(ITaskItem model)
    {
        string folder = model.GetMetadata("OutputFolder");
        try
        {
            return BuiltModel.Read(folder);
        }
        catch (Exception failure) when (failure is ArtifactException or IOException or UnauthorizedAccessException)
        {
            if (!DesignTime && Enabled)
                Error("QB0006", model.GetMetadata("FullPath"), $"The artifact in '{folder}' cannot be read: {failure.Message}");
            return null;
        }
    }

    private void Deliver(ITaskItem model, string name, BuiltModel built)
    {
        bool embedded = model.GetMetadata("Embed").ToUpperInvariant() switch
        {
            "TRUE" or "YES" or "ON" => true, // as conditions of MSBuild read them
            "FALSE" or "NO" or "OFF" => false,
            _ => built.IsForRuntime && built.Size <= (SettingKind.Bytes(EmbedLimit) ?? 0),
        };
        if (embedded && built.Size > LargestEmbedded)
        {
            Error("QB0004", model.GetMetadata("FullPath"),
                $"The artifact of '{name}' has {built.Size} bytes; more than {LargestEmbedded} cannot be embedded");
            return;
        }
        TotalSize += built.Size;
        _artifacts.Add(LiteralItem.Of(built.Folder, new()
        {
            ["LogicalName"] = name,
            ["Manifest"] = model.GetMetadata("FullPath"),
            ["Digest"] = built.Digest,
            ["Size"] = built.Size.ToString(CultureInfo.InvariantCulture),
            ["Embedded"] = embedded ? "true" : "false",
        }));
        Log.LogMessage(MessageImportance.Low, "{0}: {1} bytes, {2}, sha256 {3}", name, built.Size, embedded ? "embedded" : "beside the app",
            built.Digest);

        string copy = model.GetMetadata("CopyToOutputDirectory") is { Length: > 0 } own ? own : embedded ? "Never" : CopyToOutputDirectory;
        string package = model.GetMetadata("PackagePath") is { Length: > 0 } path ? path : PackagePath;
        foreach (BuiltFile file in built.Files.Where(file => embedded || file == built.Files[0]))
            Embed(name, file);
        if (embedded && IsNever(copy))
            return;
        foreach (string relative in built.Files.Select(file => file.Relative).Concat(built.Companions))
            Place(name, Path.Combine(built.Folder, relative), relative, copy, package, pack: !embedded);
    }

    private void Embed(string model, BuiltFile file)
    {
        // The compiler looks at the names of resources, not at their bytes, to see whether to run: equal names must mean equal content.
        // Equal content must not mean equal names: both experts may have the same configuration, and an item twice is an error.
        string path =
            Path.Combine(EmbedFolder, model, Path.ChangeExtension(file.Relative, file.Digest[..32] + Path.GetExtension(file.Relative)));
        if (!DesignTime && !NoBuild)
            Copy(file, path);
        _files.Add(LiteralItem.Of(path));
        _resources.Add(LiteralItem.Of(path, new()
        {
            ["LogicalName"] = $"{model}/{file.Relative}",
            ["Type"] = "Non-Resx",
            ["WithCulture"] = "false",
            ["Watch"] = "false",
            ["Visible"] = "false",
        }));
    }

    // As None items: those of type Content would either be packed twice or, with Pack=false, be taken out of what is packed on purpose.
    private void Place(string model, string path, string relative, string copy, string package, bool pack)
    {
        string link = $"artifact/{model}/{relative}";
        _contents.Add(LiteralItem.Of(path, new()
        {
            ["QuantModel"] = model,
            ["Link"] = link,
            ["TargetPath"] = link,
            ["CopyToOutputDirectory"] = copy,
            ["CopyToPublishDirectory"] = IsNever(copy)
                ? "Never"
                : "IfDifferent", // a file from the store may be older than the one it replaces
            ["ExcludeFromSingleFile"] = "true",
            ["Watch"] = "false",
            ["Visible"] = "false",
        }));
        if (!pack)
            return;
        _packageFiles.Add(LiteralItem.Of(path, new()
        {
            ["PackagePath"] = $"{package.TrimEnd('/', '\\')}/{link}",
            ["BuildAction"] = "None",
            ["PackageCopyToOutput"] = "true",
        }));
    }

    private bool IsInternal => AccessorVisibility.Equals("internal", StringComparison.OrdinalIgnoreCase);

    private static bool IsNever(string copy) => copy.Equals("Never", StringComparison.OrdinalIgnoreCase);

    private void Copy(BuiltFile file, string path)
    {
        if (File.Exists(path) && new FileInfo(path).Length == file.Size)
            return;
        if (RefusesToWork(path))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WholeFile.Write(path, temporary => File.Copy(file.Path, temporary));
    }

    private void WriteAccessor(string path, string model, string className, BuiltModel? built)
    {
        string source = ModelAccessor.Source(AccessorNamespace, IsInternal ? "internal" : "public", className, model, built);
        ITaskItem item = LiteralItem.Of(path);
        _accessors.Add(item);
        _files.Add(item);
        if (NoBuild || (File.Exists(path) && File.ReadAllText(path) == source) || RefusesToWork(path))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WholeFile.Write(path, Encoding.UTF8.GetBytes(source));
    }

    /// <summary>Under <c>-question</c>, having to write is an error.</summary>
    private bool RefusesToWork(string path)
    {
        if (FailIfNotIncremental)
            Log.LogError("'{0}' is not up to date", path);
        return FailIfNotIncremental;
    }

    private void Error(string code, string file, string text) => Log.LogCodedError(code, file, text);
}
