using QuantBuild.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tool.Videos;

/// <summary>What goes wrong with videos, as diagnostics.</summary>
internal static class VideoFailures
{
    /// <summary>Does work whose expected failures are one diagnostic.</summary>
    /// <param name="work">The work.</param>
    /// <param name="smaller">What makes a video smaller, by what the command at hand has.</param>
    public static void Translate(Action work, string smaller)
    {
        try
        {
            work();
        }
        catch (OverflowException e)
        {
            throw new DiagnosticException(Descriptors.GenerationFailed.At(null, $"the video is larger than an array can be; {smaller}"), e);
        }
        catch (LoraException e)
        {
            throw new DiagnosticException(Descriptors.LoraInvalid.At(null, e.Path, "the model", e.Reason), e);
        }
        catch (OutOfMemoryException e)
        {
            throw new DiagnosticException(Descriptors.GenerationFailed.At(null, $"there is not enough memory; {smaller}"), e);
        }
        catch (Exception e)
            when (e is InvalidDataException or IOException or UnauthorizedAccessException or SafeTensorsException or ArtifactException
                or ArgumentException)
        {
            throw new DiagnosticException(Descriptors.GenerationFailed.At(null, Text(e)), e);
        }
    }

    /// <summary>What failed, without the parameter's name that the runtime adds for programmers.</summary>
    private static string Text(Exception e) =>
        e is ArgumentException { ParamName: not null } && e.Message.IndexOf(" (Parameter", StringComparison.Ordinal) is >= 0 and var end
        ? e.Message[..end]
        : e.Message;
}
