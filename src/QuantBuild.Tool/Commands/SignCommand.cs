using System.CommandLine;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild sign</c>: the statement of an artifact's provenance, with somebody's key.</summary>
internal static class SignCommand
{
    private static readonly Argument<string> Folder = new("folder") { Description = "The artifact's folder." };

    private static readonly Option<string> Key = new("--key")
    {
        Description = "The private key: a PEM file for openssl, or whatever cosign takes.",
        HelpName = "key",
        Required = true,
    };

    private static readonly Option<bool> WithCosign = new("--cosign") { Description = "Sign with cosign instead of openssl." };

    public static Command Create(Session session)
    {
        var command = new Command("sign", "Sign the provenance of an artifact, after comparing it with every file.") { Folder, Key,
            WithCosign, CommonOptions.Log };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            string folder = arguments.GetRequiredValue(Folder);
            string id = Signatures.Sign(folder, arguments.GetRequiredValue(Key), arguments.GetValue(WithCosign));
            run.Answer.WriteLine($"signed  {Path.Combine(folder, Envelope.FileName)}  by key {id}");
            return ExitCode.Done;
        }));
        return command;
    }
}
