using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild verify</c>: an artifact against its digests, or a build against a second computation.</summary>
internal static class VerifyCommand
{
    private static readonly Argument<string?> Target = new("path")
    {
        Description =
            "An artifact's folder, or the output folder of an app with one; with --recompute a manifest, or nothing for the only one of "
                + "the current folder.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<double?> Recompute = new("--recompute")
    {
        Description =
            "Do this part of a build's actions again, such as 2%, and compare the bytes, or errors where the arithmetic is not bit exact.",
        HelpName = "part",
        CustomParser = result =>
        {
            if (Quantity.TryParseFraction(result.Tokens[0].Value, out double fraction))
                return fraction;
            result.AddError($"'{result.Tokens[0].Value}' is not a part such as 2%.");
            return null;
        },
    };

    private static readonly Option<bool> Provenance =
        new("--provenance") { Description =
            "Hold the artifact against the statement of its provenance, and with --key check who signed it." };

    private static readonly Option<string?> Built = new("--manifest")
    {
        Description = "With --provenance: compare the stated inputs with this manifest, its lock, its checkpoint and its calibration data.",
        HelpName = "file",
    };

    private static readonly Option<ulong?> Seed =
        new("--seed") { Description = "Choose the actions by this seed [default: a new choice every time].", HelpName = "n" };

    public static Command Create(Session session)
    {
        var command =
            new Command("verify",
                "Recompute the digests of an artifact; compare it with its provenance; or, with --recompute, do a random part of a "
                    + "build again.")
        {
            Target,
            Provenance,
            CommonOptions.PublicKey,
            Built,
            Recompute,
            Seed,
            CommonOptions.Store,
            CommonOptions.Threads,
            CommonOptions.Memory,
            CommonOptions.Log,
        };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            string? path = arguments.GetValue(Target);
            if (arguments.GetValue(Recompute) is { } fraction)
            {
                var options = new CompileOptions(CommonOptions.ManifestOf(path), arguments.GetValue(CommonOptions.Store),
                    arguments.GetValue(CommonOptions.Threads),
                    Memory: arguments.GetValue(CommonOptions.Memory), Hub: HubConnection.Access(run));
                return Repeat(run, options, fraction, arguments.GetValue(Seed) ?? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue));
            }
            if (path is null || File.Exists(path))
                throw new UsageException("Name an artifact's folder, or add --recompute to verify a manifest's build.");
            path = ArtifactPath.In(path);
            return arguments.GetValue(Provenance) || arguments.GetValue(CommonOptions.PublicKey) is not null
                || arguments.GetValue(Built) is not null
                ? ProvenanceReport.Write(run, path, arguments.GetValue(CommonOptions.PublicKey), arguments.GetValue(Built) is { } manifest
                    ? new CompileOptions(manifest, arguments.GetValue(CommonOptions.Store), arguments.GetValue(CommonOptions.Threads),
                        Hub: HubConnection.Access(run)) : null)
                : VerifyFiles(run, path);
        }));
        return command;
    }

    private static int VerifyFiles(CommandRun run, string folder)
    {
        ArtifactDescriptor artifact = ArtifactPath.Describe(folder);
        ImmutableArray<Diagnostic> problems = ArtifactFolder.Check(folder, ct: run.Cancellation);
        foreach (string file in artifact.Experts.Values.SelectMany(expert =>
            expert.Files.Select(file => $"{expert.Directory}/{file.Name}")))
        {
            bool damaged = problems.Any(problem => problem.Arguments.Contains(Path.Combine(folder, file)));
            run.Answer.WriteLine($"{(damaged ? "damaged" : "ok     ")}  {file}");
        }
        foreach (Diagnostic problem in problems)
            run.Report(problem);
        return problems.IsEmpty ? ExitCode.Done : ExitCode.Failed;
    }

    private static int Repeat(CommandRun run, CompileOptions options, double fraction, ulong seed)
    {
        RecomputeReport report = run.Observe(observer => ModelCompiler.Recompute(options, fraction, seed, observer, run.Cancellation));
        foreach (string action in report.Different)
            run.Answer.WriteLine($"different  {action}");
        run.Answer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Checked} of {report.Total} actions done again (seed {seed}): {Result(report)}"));
        return report.Different.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static string Result(RecomputeReport report) => report.IsBitExact
        ? $"{report.Different.Count} gave other bytes"
        : string.Create(CultureInfo.InvariantCulture, $"{report.SameBytes} gave the same bytes, errors of {report.WithinTolerance} differ by ")
            + string.Create(CultureInfo.InvariantCulture, $"at most {report.LargestDistance * 100:0.##} %, ")
            + string.Create(CultureInfo.InvariantCulture, $"{report.Different.Count} differ by more than their stages allow");
}
