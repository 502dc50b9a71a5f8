using System.Globalization;
using QuantBuild.Compiler.Evaluation;

namespace QuantBuild.Tool.Text;

/// <summary>What stands below the table of <c>eval</c>.</summary>
internal static class EvaluationNotes
{
    /// <summary>The lines.</summary>
    /// <param name="report">The evaluation.</param>
    /// <param name="decoded">Whether frames were decoded.</param>
    public static IEnumerable<string> Of(EvaluationReport report, bool decoded)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"{report.Samples} samples; errors are relative, against full precision")
            + (report.Repeats == 1 ? "" : string.Create(CultureInfo.InvariantCulture,
                $"; latents: mean of {report.Repeats} repetitions, spread is the standard deviation of one"));
        if (report.Layers.Count > 0)
        {
            yield return "held out: the same layers on tokens of the evaluation samples; flatters: how much larger that is. What rtn "
                + "has, which is fitted to nothing, is the tokens' doing; what a method has beyond it is the fit's";
            double held = report.Layers.Average(layer => layer.Spectrum.Held);
            double possible = report.Layers.Average(layer => layer.Spectrum.MostHeld(layer.Rank) ?? layer.Spectrum.Held);
            yield return string.Create(CultureInfo.InvariantCulture,
                $"low-rank branches of ours hold {held:0.0 %} of their weights' energy, {possible:0.0 %} being the most that their ranks "
                + $"could (mean of {report.Layers.Count} layers)");
        }
        yield return decoded
            ? "psnr (in dB) and ssim of decoded frames against full precision, of the first frame against the picture; flicker is the "
                + "mean difference of neighbouring frames"
            : "frames were not decoded: the checkpoint has no text_encoder, tokenizer and vae";
        foreach (string hint in report.Hints)
            yield return "hint: " + hint;
    }
}
