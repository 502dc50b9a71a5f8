using System.CommandLine;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild explain</c>: what a code means, why it happens and what to do about it.</summary>
internal static class ExplainCommand
{
    private static readonly Argument<string?> Code = new("code")
    {
        Description = "A code such as QB1010; left out, all codes are listed.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create(Session session)
    {
        var command =
            new Command("explain", "Say what a code of an error or warning means, why it happens and what to do about it.") { Code,
                CommonOptions.Json };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            bool json = arguments.GetValue(CommonOptions.Json);
            if (arguments.GetValue(Code) is not { } code)
                List(run.Answer, json);
            else if (DiagnosticCodes.Find(code) is { } descriptor)
                Explain(run.Answer, descriptor, json);
            else
                throw new UsageException(Unknown(code));
            return ExitCode.Done;
        }));
        return command;
    }

    private static void List(TextWriter answer, bool json)
    {
        if (json)
        {
            JsonReport.Write(answer, new JsonArray([.. Descriptors.All.Select(Document)]));
            return;
        }
        foreach (DiagnosticDescriptor descriptor in Descriptors.All)
            answer.WriteLine(
                $"{descriptor.Code}  {DiagnosticCodes.SeverityOf(descriptor),-7}  {descriptor.Format.ReplaceLineEndings(" ")}");
    }

    private static void Explain(TextWriter answer, DiagnosticDescriptor descriptor, bool json)
    {
        if (json)
        {
            JsonReport.Write(answer, Document(descriptor));
            return;
        }
        answer.WriteLine($"{descriptor.Code}  {DiagnosticCodes.SeverityOf(descriptor)}  {descriptor.Format.ReplaceLineEndings(" ")}");
        answer.WriteLine($"  cause  {descriptor.Cause}");
        answer.WriteLine($"  cure   {descriptor.Cure}");
    }

    private static string Unknown(string code)
    {
        IReadOnlyList<string> near = DiagnosticCodes.Near(code);
        return near.Count > 0
            ? $"There is no code '{code}'. Did you mean {string.Join(", ", near)}? `quantbuild explain` lists all."
            : $"There is no code '{code}'. Codes look like QB1010; `quantbuild explain` lists all.";
    }

    private static JsonObject Document(DiagnosticDescriptor descriptor) => new()
    {
        ["code"] = descriptor.Code,
        ["severity"] = DiagnosticCodes.SeverityOf(descriptor),
        ["message"] = descriptor.Format,
        ["cause"] = descriptor.Cause,
        ["cure"] = descriptor.Cure,
    };
}
