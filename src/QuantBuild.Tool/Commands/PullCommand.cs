using System.CommandLine;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Publishing;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild pull</c>: a published artifact into a folder.</summary>
internal static class PullCommand
{
    private static readonly Argument<string> Source = new("repository") { Description = "owner/name, or owner/name@revision." };

    private static readonly Argument<string> Folder = new("folder") { Description = "Folder for the artifact." };

    public static Command Create(Session session)
    {
        var command = new Command("pull", "Fetch a published artifact from the Hub and check it against its digests.")
        {
            Source, Folder, CommonOptions.PublicKey, CommonOptions.Store, CommonOptions.HardLinks, CommonOptions.Force, CommonOptions.Log,
        };
        command.SetAction(arguments => session.Run(arguments, run => RunAsync(arguments, run).GetAwaiter().GetResult()));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CommandRun run)
    {
        HubReference reference = HubReference.Parse(arguments.GetRequiredValue(Source));
        string? root = arguments.GetValue(CommonOptions.Store);
        using ContentStore store = ContentStore.Open(root ?? ContentStore.DefaultRoot());
        store.Notice = run.Report;
        using HubClient? client = HubConnection.Open(run, root);
        (string commit, ArtifactWriteResult result) = await ArtifactPull.RunAsync(client, HubConnection.Cache(), store, reference,
            arguments.GetRequiredValue(Folder), arguments.GetValue(CommonOptions.PublicKey), HubConnection.Progress(run),
                arguments.GetValue(CommonOptions.HardLinks),
            arguments.GetValue(CommonOptions.Force), run.Cancellation);
        foreach (string path in result.Written)
            await run.Answer.WriteLineAsync($"written  {path}");
        foreach (string path in result.Removed)
            await run.Answer.WriteLineAsync($"removed  {path}");
        await run.Answer.WriteLineAsync($"{reference.Repository} at {commit}{(result.Changed ? "" : ": nothing changed")}");
        return ExitCode.Done;
    }
}
