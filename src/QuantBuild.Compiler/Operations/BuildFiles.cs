using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Operations;

/// <summary>The files of a build, as build systems track them.</summary>
internal static class BuildFiles
{
    /// <summary>
    /// Every file that the build read, absolute: while none of them changes, neither does its result. Weights that are not here were not
    /// read.
    /// </summary>
    public static IReadOnlyList<string> ReadBy(CompileSession session, string lockFile)
    {
        return
        [
            session.Plan.Manifest.Path,
            lockFile,
            .. OfCalibration(session),
            .. session.Sources.SelectMany(OfCheckpoint).Distinct(StringComparer.Ordinal)
                .Where(file => !session.Plan.Location.HeadersOnly || File.Exists(file)),
        ];
    }

    /// <summary>Every file of the artifact, absolute, the descriptor first.</summary>
    public static IReadOnlyList<string> WrittenTo(string output, IEnumerable<PackedFile> files) =>
        [Path.Combine(output, ArtifactFolder.DescriptorName), .. files.Select(file => Path.Combine(output, file.Path))];

    /// <summary>Refuses to write over what the build reads, under whatever name.</summary>
    /// <param name="session">The build.</param>
    /// <param name="outputs">Files that are to be written; those that are not there yet are no inputs.</param>
    /// <exception cref="DiagnosticException">One of them is an input (QB4080).</exception>
    public static void RequireNoInput(CompileSession session, IEnumerable<string> outputs)
    {
        string[] written = [.. outputs.Where(OutputFile.IsFile)];
        if (written.Length == 0)
            return;
        HashSet<string> read = [.. ReadBy(session, LockFile.PathFor(session.Plan.Manifest.Path)).Where(File.Exists).Select(Target)];
        if (written.FirstOrDefault(path => read.Contains(Target(path))) is { } input)
            throw new DiagnosticException(Descriptors.OutputIsInput.At(null, input));
    }

    /// <summary>The file that a path leads to.</summary>
    private static string Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);

    private static string[] OfCalibration(CompileSession session)
    {
        CalibrationSection calibration = session.Plan.Manifest.Calibration;
        if (calibration.Activations is { } section)
            return ExternalActivations.FilesOf(session.Plan, section);
        return session.Plan.Calibration.FromPictures
            ? [calibration.Data, .. SampleSet.Of(session.Plan.Manifest).Lines.Select(line => line.Image).OfType<string>(),
                .. session.Plan.Location.ComingPickles.IsEmpty ? EncoderSource.FilesOf(session.Plan.Location.Folder) : []]
            : [calibration.Data, SampleFiles.TensorsOf(calibration.Data)];
    }

    private static IEnumerable<string> OfCheckpoint(ExpertSource source)
    {
        string config = Path.Combine(source.Plan.Directory, "config.json");
        if (source.Plan.File is null || File.Exists(config))
            yield return config;
        if (source.Checkpoint.Index is { } index)
            yield return Path.GetFullPath(index);
        foreach (string file in source.Checkpoint.Files)
            yield return Path.GetFullPath(file);
        foreach (LoraFile lora in source.Checkpoint.Loras)
            yield return Path.GetFullPath(lora.Path);
    }
}
