using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Pipelines;
using QuantBuild.Tool.Running;

namespace QuantBuild.Tool.Commands;

/// <summary>Whether a model reads a prompt to its end.</summary>
internal static class PromptLength
{
    /// <summary>Warns of tokens that are cut off.</summary>
    /// <param name="pipeline">Reads the prompt.</param>
    /// <param name="what">What it is, at the beginning of a sentence.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="place">Where it stands; null for the command line.</param>
    /// <param name="run">Told of the warning.</param>
    public static void Check(VideoPipeline pipeline, string what, string prompt, SourceSpan? place, CommandRun run)
    {
        int tokens = pipeline.CountTokens(prompt), most = pipeline.Config.TextLen;
        if (tokens > most)
            run.Report(Descriptors.PromptCut.At(place, what, tokens, most, tokens - most));
    }
}
