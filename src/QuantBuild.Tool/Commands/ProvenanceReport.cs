using System.Collections.Immutable;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;

namespace QuantBuild.Tool.Commands;

/// <summary>What a check of provenance found, for people.</summary>
internal static class ProvenanceReport
{
    /// <summary>Checks an artifact and writes a line for everything that was compared.</summary>
    /// <param name="run">The command.</param>
    /// <param name="folder">The artifact's folder.</param>
    /// <param name="publicKey">The signer's key; null for none.</param>
    /// <param name="inputs">The manifest whose inputs to compare; null for none.</param>
    public static int Write(CommandRun run, string folder, string? publicKey, CompileOptions? inputs)
    {
        ProvenanceResult result = ProvenanceCheck.Run(folder, publicKey);
        if (!result.Problems.IsEmpty)
        {
            foreach (Diagnostic problem in result.Problems)
                run.Report(problem);
            return ExitCode.Failed;
        }
        StatedBuild build = result.Build!;
        run.Answer.WriteLine($"ok        {build.Subjects.Count} files are those of the statement");
        foreach (string file in result.Unsigned)
            run.Answer.WriteLine($"no proof  {file} is not covered: anybody could have written it");
        run.Answer.WriteLine(result.Signer is { } signer ? $"signed    by key {signer}"
            : File.Exists(Path.Combine(folder, Envelope.FileName))
            ? "unknown   signed, but by whom is not checked: give the public key (--key)"
            : "unsigned  a record, and no proof: anybody could have written it");
        run.Answer.WriteLine(
            $"{(result.Signer is null ? "claimed   built" : "built    ")} by QuantBuild {build.Tool} ({build.Profiles}), plan "
                + $"{build.Plan.Short}");
        if (inputs is null)
        {
            run.Answer.WriteLine(
                $"{(result.Signer is null ? "claimed  " : "inputs   ")} {build.Dependencies.Count + 1} are stated; --manifest compares "
                    + $"them with those that are here");
            return ExitCode.Done;
        }
        ImmutableArray<(string Name, Diagnostic? Problem)> compared = ProvenanceInputs.Compare(build, inputs, run.Cancellation);
        foreach ((string name, Diagnostic? problem) in compared)
            run.Answer.WriteLine($"{StateOf(problem)}  {name}");
        foreach (Diagnostic problem in compared.Select(input => input.Problem).OfType<Diagnostic>().Distinct())
            run.Report(problem);
        return compared.All(input => input.Problem is null) ? ExitCode.Done : ExitCode.Failed;
    }

    private static string StateOf(Diagnostic? problem) => problem is null ? "ok      "
        : problem.Descriptor == Descriptors.ProvenanceInputDiffers ? "differs " : "unknown ";
}
