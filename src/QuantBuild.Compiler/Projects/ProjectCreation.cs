using System.Globalization;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Projects;

/// <summary>
/// Makes a model project of a checkpoint: reads its headers, resolves the new manifest against them, and only then writes.
/// </summary>
internal static partial class ProjectCreation
{
    /// <summary>Writes the project.</summary>
    /// <param name="request">What it is to be.</param>
    /// <param name="observer">Told when the download cache must do in place of the Hub.</param>
    /// <param name="ct">Ends requests to the Hub.</param>
    /// <returns>What was written, and what a build of it will do.</returns>
    /// <exception cref="DiagnosticException">
    /// The name cannot be used (QB0302), there is no checkpoint (QB0303) or it cannot be used (QB2), files would be replaced (QB0301), the
    /// Hub failed (QB5), or the file system did (QB4); nothing was written then, except that a failing file system may have taken some of
    /// the files.
    /// </exception>
    public static NewProject Write(ProjectRequest request, IBuildObserver observer, CancellationToken ct = default)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.Folder));
        string name = request.Name ?? Path.GetFileName(folder).Replace(' ', '-');
        if (!Name().IsMatch(name))
            throw new DiagnosticException(Descriptors.ProjectName.At(null, name));

        CheckpointLocation checkpoint = Locate(request, observer, ct);
        string source = checkpoint.Repository?.ToString() ?? PathInManifest(folder, checkpoint.Folder);
        string[] experts = [.. ExpertNames.All.Select(expert => ExpertFolders.In(checkpoint.Folder, expert))];
        WanArchitecture architecture = ArchitectureOf(Path.Combine(checkpoint.Folder, experts[0]));
        IReadOnlyList<(string Name, byte[] Content)> files = ProjectFiles.Create(name, architecture, new Dictionary<string, string>
        {
            ["CHECKPOINT_SOURCE"] = source,
            ["HIGH_NOISE_FOLDER"] = experts[0],
            ["LOW_NOISE_FOLDER"] = experts[1],
            ["MODEL_BOUNDARY"] = (BoundaryOf(checkpoint.Folder) ?? architecture.Boundary).ToString("R", CultureInfo.InvariantCulture),
            [$"\"{WanArchitecture.ImageToVideo.Name}\""] = $"\"{architecture.Name}\"",
            [ShiftOf(WanArchitecture.ImageToVideo)] = ShiftOf(architecture),
        });
        string manifest = name + ".quant.json";
        Plan plan = Resolve(Path.Combine(folder, manifest), files.Single(file => file.Name == manifest).Content, checkpoint);

        string[] existing = [.. files.Select(file => file.Name).Where(file => Path.Exists(Path.Combine(folder, file)))];
        if (existing.Length > 0 && !request.Force)
            throw new DiagnosticException(Descriptors.ProjectExists.At(null, folder, string.Join(", ", existing)));
        foreach ((string file, byte[] content) in files)
            OutputFile.Write(Path.Combine(folder, file), content);
        return new NewProject(name, folder, source, LayoutOf(experts),
            [.. files.Select(file => file.Name)], plan, !checkpoint.ComingPickles.IsEmpty || HasEncoders(checkpoint.Folder));
    }

    private static CheckpointLocation Locate(ProjectRequest request, IBuildObserver observer, CancellationToken ct)
    {
        if (request.Source.StartsWith(HubReference.Scheme, StringComparison.Ordinal))
        {
            CheckpointLocation fetched = new SourceLocator(request.Hub ?? HubAccess.OfProcess(), HubReference.Parse(request.Source),
                span: null, ct).Look(experts: null, encoders: true, observer);
            return HasExperts(fetched.Folder) ? fetched
                : SingleModel.NameIn(fetched.Folder) is { } fetchedModel ? throw Other(fetched.Folder, fetchedModel)
                : throw new DiagnosticException(Descriptors.ProjectSource.At(null, request.Source,
                    "the repository has no folder of an expert with a config.json"));
        }
        string folder = Path.GetFullPath(request.Source);
        if (!HasExperts(folder) && SingleModel.NameIn(folder) is { } single)
            throw Other(folder, single);
        string? fault = !Directory.Exists(folder) ? "the folder does not exist"
            : !HasExperts(folder) ? "it has no folder of an expert, nor one safetensors file for each"
            : null;
        return fault is null
            ? new CheckpointLocation(folder)
            : throw new DiagnosticException(Descriptors.ProjectSource.At(null, folder, fault));
    }

    /// <summary>What the checkpoint is; the usual one where its configuration cannot be read, which planning tells.</summary>
    private static WanArchitecture ArchitectureOf(string weights)
    {
        try
        {
            return WanArchitecture.Of(new ExpertWeights(weights, []).Config());
        }
        catch (Exception error) when (StoreErrors.IsFileSystem(error) || error is InvalidDataException or SafeTensorsException)
        {
            return WanArchitecture.ImageToVideo;
        }
    }

    private static string LayoutOf(string[] experts) => CheckpointFiles.IsFile(experts[0]) ? "single-file"
        : experts.SequenceEqual(CheckpointFiles.OriginalExperts) ? "original"
        : "Diffusers";

    private static string ShiftOf(WanArchitecture architecture) =>
        string.Create(CultureInfo.InvariantCulture, $"\"shift\": {architecture.Shift:0.0}");

    private static DiagnosticException Other(string folder, string model) =>
        new(Descriptors.OtherModel.At(new SourceSpan(folder), "the checkpoint", model));

    private static bool HasExperts(string checkpoint) =>
        ExpertNames.All.Any(expert => Path.Exists(Path.Combine(checkpoint, ExpertFolders.In(checkpoint, expert))));

    private static bool HasEncoders(string checkpoint)
    {
        try
        {
            WanEncoders.Require(checkpoint);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>A checkpoint below or beside the project moves with it; any other is where it is.</summary>
    private static string PathInManifest(string folder, string checkpoint)
    {
        string relative = Path.GetRelativePath(folder, checkpoint);
        int up = relative.Split(Path.DirectorySeparatorChar).TakeWhile(part => part == "..").Count();
        return (up > 1 || Path.IsPathRooted(relative) ? checkpoint : relative).Replace(Path.DirectorySeparatorChar, '/');
    }

    private static double? BoundaryOf(string checkpoint)
    {
        try
        {
            return PipelineIndex.BoundaryOf(checkpoint);
        }
        catch (Exception error) when (StoreErrors.IsFileSystem(error) || error is InvalidDataException)
        {
            throw new DiagnosticException(Descriptors.SourceUnreadable.At(new SourceSpan(Path.Combine(checkpoint, PipelineIndex.FileName)),
                error.Message), error);
        }
    }

    /// <summary>Headers and configurations are checked as a build would; only the calibration set is still to be made.</summary>
    private static Plan Resolve(string path, byte[] content, CheckpointLocation checkpoint)
    {
        ManifestReadResult read = ManifestReader.ReadText(path, content);
        if (read.Manifest is not { } manifest)
            throw new DiagnosticException(read.Diagnostics);
        PlanResult planned = Planner.Resolve(manifest, checkpoint, requireCalibration: false);
        return planned.Plan
            ?? throw new DiagnosticException([.. planned.Diagnostics.Where(problem => problem.Descriptor.Severity == Severity.Error)]);
    }

    [GeneratedRegex(@"^[A-Za-z0-9_]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
