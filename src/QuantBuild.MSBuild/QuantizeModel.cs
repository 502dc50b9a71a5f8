using System.Globalization;
using Microsoft.Build.Framework;

namespace QuantBuild.MSBuild;

/// <summary>Builds one manifest, or a part of it.</summary>
[MSBuildMultiThreadableTask]
public sealed class QuantizeModel : WorkerTask
{
    private int _cores;

    /// <summary>Response file with the quantizer's whole command line, but for what cannot change its result.</summary>
    [Required]
    public ITaskItem ResponseFile { get; set; } = null!;

    /// <summary>The phase to stop after; empty for the whole build.</summary>
    public string? Until { get; set; }

    /// <summary>File that gets a summary of the build as Markdown; empty for none.</summary>
    public string? SummaryFile { get; set; }

    /// <summary>Most threads to use; 0 for as many as the build has cores to spare.</summary>
    public int Threads { get; set; }

    /// <summary>How much memory the quantizer may use, in its own words; empty for its default.</summary>
    public string? MemoryLimit { get; set; }

    /// <summary>A folder with libtorch; empty for what the environment, or else the project's packages have.</summary>
    public string? Torch { get; set; }

    /// <summary>Which of several devices, such as cuda:1; empty for what the environment says, or else the first.</summary>
    public string? Device { get; set; }

    /// <summary>Memory of the device to use; empty for most of what it has.</summary>
    public string? DeviceMemory { get; set; }

    /// <summary>What NuGet restored for the project, where an arithmetic and libtorch may be; empty for none.</summary>
    public string? ProjectAssets { get; set; }

    /// <summary>Address of a store that others share; empty for what the environment says.</summary>
    public string? RemoteStore { get; set; }

    /// <summary>Whether nothing is written there.</summary>
    public bool RemoteReadOnly { get; set; }

    /// <summary>Whether the build fails when the shared store does, or did not get everything.</summary>
    public bool RemoteRequired { get; set; }

    /// <summary>Whether files that no artifact wrote may be overwritten.</summary>
    public bool Force { get; set; }

    /// <inheritdoc/>
    private protected override string Subject => ResponseFile.GetMetadata("FullPath");

    /// <inheritdoc/>
    public override bool Execute()
    {
        using var cores = new BorrowedCores(BuildEngine, Threads);
        _cores = cores.Count;
        return base.Execute();
    }

    /// <inheritdoc/>
    protected override bool ValidateParameters()
    {
        Require(ResponseFile);
        return base.ValidateParameters();
    }

    /// <inheritdoc/>
    private protected override IEnumerable<string> Arguments =>
    [
        "@" + ResponseFile.GetMetadata("FullPath"),
        "--threads", _cores.ToString(CultureInfo.InvariantCulture),
        .. Option("--memory-limit", MemoryLimit),
        .. Option("--torch", Torch),
        .. Option("--device", Device),
        .. Option("--device-memory", DeviceMemory),
        .. Option("--project-assets", ProjectAssets),
        .. Option("--remote", RemoteStore),
        .. RemoteReadOnly ? (string[])["--remote-read-only"] : [],
        .. RemoteRequired ? (string[])["--remote-required"] : [],
        .. Option("--until", Until),
        .. Force ? (string[])["--force"] : [],
        .. Until is { Length: > 0 } || SummaryFile is not { Length: > 0 } summary ? [] : Option("--summary", Path.GetFullPath(summary)),
    ];
}
