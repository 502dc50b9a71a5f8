using System.Globalization;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace QuantBuild.MSBuild;

/// <summary>
/// Runs the quantizer in a process of its own: its memory returns to the system, a crash cannot take the build down, and cancelling the
/// build ends it. Its diagnostics become errors and warnings of the build, with file, line, column and code.
/// </summary>
public abstract class WorkerTask : ToolTask
{
    /// <summary>The exit code of a command line that the quantizer does not understand.</summary>
    private const int WrongUsage = 2;

    private string? _firstLine;

    /// <summary>Lets MSBuild build other projects on this node while the quantizer works.</summary>
    protected WorkerTask() => YieldDuringToolExecution = true;

    /// <summary>The quantizer's assembly.</summary>
    [Required]
    public ITaskItem Worker { get; set; } = null!;

    /// <summary>Whether the worker shall say more.</summary>
    public bool Verbose { get; set; }

    /// <inheritdoc/>
    protected override string ToolName => DotNetHost.FileName;

    /// <summary>File that a failure without a diagnostic of its own is reported at.</summary>
    private protected abstract string Subject { get; }

    /// <summary>The quantizer's own arguments.</summary>
    private protected abstract IEnumerable<string> Arguments { get; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        using var lifeline = new Lifeline();
        using var watch = new TaskHostWatch(lifeline.Cut);
        EnvironmentVariables = [lifeline.Variable];
        return base.Execute();
    }

    /// <inheritdoc/>
    protected override string? GenerateFullPathToTool() => DotNetHost.Find();

    /// <inheritdoc/>
    protected override bool ValidateParameters()
    {
        Require(Worker);
        if (DotNetHost.Find() is null)
            Error("QB0020", Subject,
                "There is no program 'dotnet' to run the quantizer with: neither DOTNET_HOST_PATH nor an absolute entry of PATH leads "
                    + "to one");
        return !Log.HasLoggedErrors && base.ValidateParameters();
    }

    /// <summary>An option with its value; nothing when it has none.</summary>
    private protected static IEnumerable<string> Option(string name, string? value) => value is { Length: > 0 } ? [name, value] : [];

    /// <summary>Reports a file that the work needs and that does not exist.</summary>
    private protected void Require(ITaskItem file)
    {
        if (!File.Exists(file.GetMetadata("FullPath")))
            Error("QB0001", null, $"The file '{file.ItemSpec}', which the build needs to quantize, does not exist");
    }

    /// <inheritdoc/>
    protected override string GenerateCommandLineCommands() =>
        ArgumentText.Of(["exec", Worker.GetMetadata("FullPath"), .. Arguments, .. Verbose ? (string[])["--verbose"] : []]);

    /// <summary>A worker that ends badly without a diagnostic of its own has crashed, or was killed.</summary>
    protected override bool HandleTaskExecutionErrors()
    {
        if (!Log.HasLoggedErrors && ExitCode == WrongUsage)
            Error("QB0010", Subject,
                $"The quantizer refuses a value: {_firstLine} Its command line: dotnet {GenerateCommandLineCommands()}");
        else if (!Log.HasLoggedErrors)
        {
            Error("QB0003", Subject, string.Create(CultureInfo.InvariantCulture,
                $"The quantizer ended with exit code {ExitCode} and without a diagnostic; what it finished is kept, and the next build ")
                + $"goes on there. To run it by hand: dotnet {GenerateCommandLineCommands()}");
        }
        return false;
    }

    /// <summary>The command line is worth keeping, but not worth showing.</summary>
    protected override void LogToolCommand(string message) => Log.LogCommandLine(MessageImportance.Low, message);

    /// <summary>
    /// The worker indents its details; what is not indented is a milestone. The base class turns diagnostics into errors and warnings.
    /// </summary>
    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance)
    {
        _firstLine ??= singleLine.Length > 0 ? singleLine : null;
        base.LogEventsFromTextOutput(singleLine, singleLine.StartsWith(' ') ? MessageImportance.Low : MessageImportance.High);
    }

    private void Error(string code, string? file, string text) =>
        Log.LogError(subcategory: null, errorCode: code, helpKeyword: null, file: file, lineNumber: 0, columnNumber: 0,
            endLineNumber: 0, endColumnNumber: 0, message: "{0}", text);
}
