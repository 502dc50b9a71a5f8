using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Build.Framework;
using QuantBuild.Files;
using Task = Microsoft.Build.Utilities.Task;

namespace QuantBuild.MSBuild;

/// <summary>
/// Writes the quantizer's command line for every model as a response file, an input of the work that changes only when the command line, or
/// the worker, does. A line is an argument, as a JSON string: no character of a path can end it.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class WriteResponseFiles : Task, IIncrementalTask
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The models: manifests with the metadata ResponseFile, OutputFolder, InputsFile, OutputsFile and ReportFile.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The worker's path. It is a comment: files of a package that was updated may be older than the stamp.</summary>
    [Required]
    public string Worker { get; set; } = "";

    /// <summary>The store; empty for the default.</summary>
    public string? Store { get; set; }

    /// <summary>Whether to write a report page.</summary>
    public bool Report { get; set; } = true;

    /// <summary>Whether the lock file must not change.</summary>
    public bool Locked { get; set; }

    /// <summary>Whether the artifact's files are second names of the store's.</summary>
    public bool HardLinks { get; set; }

    /// <inheritdoc/>
    public bool FailIfNotIncremental { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        foreach (ITaskItem model in Models)
            Write(model.GetMetadata("ResponseFile"), Text(Worker, Arguments(model)));
        return !Log.HasLoggedErrors;
    }

    /// <summary>A response file's text.</summary>
    internal static string Text(string worker, IEnumerable<string> arguments)
    {
        var text = new StringBuilder();
        text.Append("# ").Append(Quoted(worker)).Append('\n');
        foreach (string argument in arguments)
            text.Append(Quoted(argument)).Append('\n');
        return text.ToString();
    }

    private IEnumerable<string> Arguments(ITaskItem model) =>
    [
        "build", model.GetMetadata("FullPath"),
        "--out", model.GetMetadata("OutputFolder"),
        "--inputs-file", model.GetMetadata("InputsFile"),
        "--outputs-file", model.GetMetadata("OutputsFile"),
        "--report-file", model.GetMetadata("ReportFile"),
        .. Store is { Length: > 0 } store ? (string[])["--store", store] : [],
        .. Report ? (string[])[] : ["--no-report"],
        .. Locked ? (string[])["--locked"] : [],
        .. HardLinks ? (string[])["--hard-links"] : [],
    ];

    private void Write(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text)
            return;
        if (FailIfNotIncremental)
        {
            Log.LogError("'{0}' is not up to date", path);
            return;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WholeFile.Write(path, Encoding.UTF8.GetBytes(text));
    }

    private static string Quoted(string text) => JsonSerializer.Serialize(text, Json);
}
