using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Samples;

/// <summary>
/// A set of samples on disk: a jsonl file with a line per sample and, beside it under the same name, their tensors or nothing.
/// </summary>
/// <param name="Path">The jsonl file.</param>
/// <param name="Lines">The samples that are used.</param>
/// <param name="FromPictures">Whether there are no tensors, so that they are made of pictures and prompts.</param>
internal sealed record SampleSet(string Path, IReadOnlyList<SampleLine> Lines, bool FromPictures)
{
    /// <summary>
    /// Reads the first <paramref name="count"/> lines, or all when it is null, and checks that there is what samples are made of.
    /// </summary>
    /// <param name="path">The jsonl file.</param>
    /// <param name="count">Samples wanted.</param>
    /// <param name="origin">Place that names the set; null without a manifest.</param>
    /// <param name="architecture">The model that the samples are for.</param>
    /// <exception cref="DiagnosticException">The set cannot be used; all lines that are wrong are in it.</exception>
    public static SampleSet Read(string path, int? count, SourceSpan? origin, WanArchitecture architecture)
    {
        IReadOnlyList<SampleLine> lines = SampleLine.Read(path, origin);
        if (lines.Count == 0 || lines.Count < count)
            throw new DiagnosticException(Descriptors.CalibrationEmpty.At(origin, path, lines.Count, count ?? 1));
        var set = new SampleSet(path, [.. lines.Take(count ?? lines.Count)], SampleFiles.IsFromPictures(path));
        IReadOnlyList<Diagnostic> problems = set.FromPictures ? SampleFaults.Of(set.Lines, architecture) : [];
        return problems.Count == 0 ? set : throw new DiagnosticException(problems);
    }

    /// <summary>The samples that a manifest calibrates with.</summary>
    /// <exception cref="DiagnosticException">As for <see cref="Read"/>.</exception>
    public static SampleSet Of(QuantManifest manifest) => Read(manifest.Calibration.Data, manifest.Calibration.Samples,
        manifest.Calibration.Span, manifest.Model.Architecture);

    /// <summary>About the sizes of the samples' latents, without reading pictures: their aspects may differ from what lines say.</summary>
    /// <exception cref="DiagnosticException">A size is not possible, or tensors cannot be read.</exception>
    public IReadOnlyList<LatentShape> Shapes()
    {
        if (FromPictures)
            return [.. Lines.Select(ShapeOf)];
        string tensors = SampleFiles.TensorsOf(Path);
        try
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(tensors);
            return [.. Lines.Select(line =>
                file.Tensors.GetValueOrDefault(FormattableString.Invariant($"sample.{line.Id:000}.noise"))?.Shape)
                .Where(shape => shape?.Count == 4).Select(shape => new LatentShape((int)shape![1], (int)shape[2], (int)shape[3]))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SafeTensorsException)
        {
            throw new DiagnosticException(Descriptors.CalibrationUnreadable.At(null, tensors, e.Message), e);
        }
    }

    /// <summary>The size of the latent that a line asks for; with a picture, whose aspect may differ, about.</summary>
    /// <exception cref="DiagnosticException">The size is not possible.</exception>
    public static LatentShape ShapeOf(SampleLine line)
    {
        try
        {
            return VaeConfig.LatentShapeOf(line.Image is null
                ? VideoSize.Of(line.Width, line.Height, line.Frames)
                : FirstFrame.SizeFor(line.Width, line.Height, line.Width * line.Height, line.Frames));
        }
        catch (ArgumentException e)
        {
            throw new DiagnosticException(line.Image is null ? Descriptors.CalibrationLine.At(line.Span, e.Message)
                : Descriptors.CalibrationPicture.At(line.Span, line.Image, e.Message), e);
        }
    }
}
