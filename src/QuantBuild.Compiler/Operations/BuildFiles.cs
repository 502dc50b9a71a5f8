using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Operations;

/// <summary>The files of a build, as build systems track them.</summary>
internal static class BuildFiles
{
    /// <summary>Every file that the build read, absolute: while none of them changes, neither does its result. Weights that are not here were not read.</summary>
    public static IReadOnlyList<string> ReadBy(CompileSession session, string lockFile)
    {
        return
        [
            session.Plan.Manifest.Path,
            lockFile,
            .. OfCalibration(session),
            .. session.Sources.SelectMany(OfCheckpoint).Distinct(StringComparer.Ordinal).Where(file => !session.Plan.Location.HeadersOnly || File.Exists(file)),
        ];
    }

    /// <summary>Every file of the artifact, absolute, the descriptor first.</summary>
    public static IReadOnlyList<string> WrittenTo(string output, IEnumerable<PackedFile> files) =>
        [Path.Combine(output, ArtifactFolder.DescriptorName), .. files.Select(file => Path.Combine(output, file.Path))];

    private static string[] OfCalibration(CompileSession session)
    {
        CalibrationSection calibration = session.Plan.Manifest.Calibration;
        if (calibration.Activations is { } section)
            return ExternalActivations.FilesOf(session.Plan, section);
        return session.Plan.Calibration.FromPictures
            ? [calibration.Data, .. SampleSet.Of(calibration).Lines.Select(line => line.Image!), .. EncoderSource.FilesOf(session.Plan.Location.Folder)]
            : [calibration.Data, SampleFiles.TensorsOf(calibration.Data)];
    }

    private static IEnumerable<string> OfCheckpoint(ExpertSource source)
    {
        yield return Path.Combine(source.Plan.Directory, "config.json");
        if (source.Checkpoint.Index is { } index)
            yield return Path.GetFullPath(index);
        foreach (string file in source.Checkpoint.Files)
            yield return Path.GetFullPath(file);
    }
}
