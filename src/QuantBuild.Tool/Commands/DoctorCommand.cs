using System.CommandLine;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Health;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild doctor</c>: what builds find on this machine.</summary>
internal static class DoctorCommand
{
    public static Command Create(Session session)
    {
        var command =
            new Command("doctor",
                "Check what builds need on this machine, and say what each finding means. Fails only for what prevents builds.")
        {
            CommonOptions.Store,
            CommonOptions.Json,
        };
        ComputeArguments.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            IReadOnlyList<MachineCheck> checks =
                MachineReport.Create(arguments.GetValue(CommonOptions.Store), Environment.GetEnvironmentVariable,
                    ComputeArguments.Of(arguments));
            bool works = checks.All(check => check.State != CheckState.Problem);
            if (arguments.GetValue(CommonOptions.Json))
                JsonReport.Write(run.Answer, Document(checks, works));
            else
                Print(checks, works, run.Answer);
            return works ? ExitCode.Done : ExitCode.Failed;
        }));
        return command;
    }

    private static void Print(IReadOnlyList<MachineCheck> checks, bool works, TextWriter answer)
    {
        foreach (MachineCheck check in checks)
        {
            answer.WriteLine($"{Name(check.State),-8}  {check.Name,-9}  {check.Finding}");
            answer.WriteLine($"{"",-21}{check.Meaning}");
        }
        answer.WriteLine();
        int notes = checks.Count(check => check.State == CheckState.Note);
        answer.WriteLine(!works ? "Builds do not work on this machine yet." : notes == 0
            ? "Builds work."
            : $"Builds work; {Quantity.Count(notes, "note")} above.");
    }

    private static JsonObject Document(IReadOnlyList<MachineCheck> checks, bool works) => new()
    {
        ["works"] = works,
        ["checks"] = new JsonArray([.. checks.Select(check => new JsonObject
        {
            ["name"] = check.Name,
            ["state"] = Name(check.State),
            ["finding"] = check.Finding,
            ["meaning"] = check.Meaning,
        })]),
    };

    private static string Name(CheckState state) => state switch
    {
        CheckState.Good => "good",
        CheckState.Note => "note",
        _ => "problem",
    };
}
