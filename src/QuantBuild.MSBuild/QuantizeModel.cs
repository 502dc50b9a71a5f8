using System.Globalization;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace QuantBuild.MSBuild;

/// <summary>
/// Runs the quantizer on one manifest in a process of its own: its memory returns to the system, a crash cannot take the build down, and
/// cancelling the build ends it. Its diagnostics become errors and warnings of the build, with file, line, column and code.
/// </summary>
public sealed class QuantizeModel : ToolTask
{
    /// <summary>The quantizer's assembly.</summary>
    [Required]
    public ITaskItem Worker { get; set; } = null!;

    /// <summary>Response file with the quantizer's whole command line, but for what cannot change its result.</summary>
    [Required]
    public ITaskItem ResponseFile { get; set; } = null!;

    /// <summary>Threads to use; 0 for all cores.</summary>
    public int Threads { get; set; }

    /// <summary>Whether the worker shall say more.</summary>
    public bool Verbose { get; set; }

    /// <inheritdoc/>
    protected override string ToolName => DotNetHost.FileName;

    /// <inheritdoc/>
    protected override string GenerateFullPathToTool() => DotNetHost.Find();

    /// <inheritdoc/>
    protected override bool ValidateParameters()
    {
        foreach (ITaskItem file in (ITaskItem[])[Worker, ResponseFile])
        {
            if (!File.Exists(file.GetMetadata("FullPath")))
            {
                Log.LogError(subcategory: null, errorCode: "QB0001", helpKeyword: null, file: null, lineNumber: 0, columnNumber: 0,
                    endLineNumber: 0, endColumnNumber: 0, message: "The file '{0}', which the build needs to quantize, does not exist", file.ItemSpec);
            }
        }
        return !Log.HasLoggedErrors && base.ValidateParameters();
    }

    /// <inheritdoc/>
    protected override string GenerateCommandLineCommands()
    {
        var command = new CommandLineBuilder();
        command.AppendSwitch("exec");
        command.AppendFileNameIfNotNull(Worker.GetMetadata("FullPath"));
        command.AppendFileNameIfNotNull("@" + ResponseFile.GetMetadata("FullPath"));
        command.AppendSwitchIfNotNull("--threads ", Threads.ToString(CultureInfo.InvariantCulture));
        if (Verbose)
            command.AppendSwitch("--verbose");
        return command.ToString();
    }

    /// <summary>A worker that ends badly without a diagnostic of its own has crashed, or was killed.</summary>
    protected override bool HandleTaskExecutionErrors()
    {
        if (!Log.HasLoggedErrors)
        {
            Log.LogError(subcategory: null, errorCode: "QB0003", helpKeyword: null, file: ResponseFile.GetMetadata("FullPath"), lineNumber: 0,
                columnNumber: 0, endLineNumber: 0, endColumnNumber: 0,
                message: "The quantizer ended with exit code {0} and without a diagnostic; to run it by hand: dotnet exec \"{1}\" \"@{2}\"",
                ExitCode, Worker.GetMetadata("FullPath"), ResponseFile.GetMetadata("FullPath"));
        }
        return false;
    }

    /// <summary>The command line is worth keeping, but not worth showing.</summary>
    protected override void LogToolCommand(string message) => Log.LogCommandLine(MessageImportance.Low, message);

    /// <summary>The worker indents its details; what is not indented is a milestone. The base class turns diagnostics into errors and warnings.</summary>
    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance) =>
        base.LogEventsFromTextOutput(singleLine, singleLine.StartsWith(' ') ? MessageImportance.Low : MessageImportance.High);
}
