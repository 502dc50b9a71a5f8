using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Imaging;
using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary>
/// Whether there is memory to make a set's samples, told from their lines and the headers of their pictures before any work.
/// </summary>
internal static class SampleMemory
{
    /// <summary>Refuses samples that take more than the machine has; what is made of earlier ones is kept until all are written.</summary>
    /// <param name="pipeline">Makes them.</param>
    /// <param name="lines">The set.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="DiagnosticException">Samples are too large (QB3122), or pictures cannot be used (QB3106): all of them.</exception>
    public static void Check(VideoPipeline pipeline, IReadOnlyList<SampleLine> lines, int threads)
    {
        long most = MachineMemory.Read().Total, kept = 0;
        var problems = new List<Diagnostic>();
        foreach (SampleLine line in lines)
        {
            ImageHeader? picture = null;
            if (line.Image is not null && (picture = ReadHeader(line, problems)) is null)
                continue;
            try
            {
                VideoShape size = picture is { } header
                    ? FirstFrame.SizeFor(header.Width, header.Height, line.Width * line.Height, line.Frames)
                    : VideoSize.Of(line.Width, line.Height, line.Frames);
                long needed = Math.Max(picture?.DecodingBytes ?? 0, pipeline.PreparingBytes(size, threads));
                if (kept + needed > most)
                {
                    problems.Add(Descriptors.SampleTooLarge.At(line.Span, line.Id,
                        $"it takes about {Quantity.Size(needed)}{(needed > most ? "" : $" beside the {Quantity.Size(kept)} of earlier ones")}, and this machine has {Quantity.Size(most)}"));
                }
                else
                {
                    kept += pipeline.PreparedBytes(size);
                }
            }
            catch (Exception e) when (e is ArgumentException or OverflowException)
            {
                problems.Add(Descriptors.SampleTooLarge.At(line.Span, line.Id, e.Message));
            }
        }
        if (problems.Count > 0)
            throw new DiagnosticException(problems);
    }

    private static ImageHeader? ReadHeader(SampleLine line, List<Diagnostic> problems)
    {
        try
        {
            return ImageFile.ReadHeader(ImageFile.ReadBytes(line.Image!));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            problems.Add(Descriptors.CalibrationPicture.At(line.Span, line.Image, e.Message));
            return null;
        }
    }
}
