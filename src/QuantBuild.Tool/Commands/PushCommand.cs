using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Publishing;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild push</c>: an artifact to a repository; a list of what would be sent unless told to send.</summary>
internal static class PushCommand
{
    private static readonly Argument<string> Folder = new("folder") { Description = "The artifact's folder." };

    private static readonly Argument<string> Target = new("repository") { Description = "owner/name, or owner/name@branch." };

    private static readonly Option<bool> Send =
        new("--send") { Description = "Send; without it the command only lists what would be sent." };

    private static readonly Option<bool> Make = new("--create") { Description = "Create the repository if it does not exist; private." };

    private static readonly Option<bool> Public = new("--public") { Description = "With --create: let everybody see the repository." };

    private static readonly Option<bool> PullRequest = new("--pr") { Description = "Open a pull request instead of changing the branch." };

    private static readonly Option<bool> Merge = new("--merge") { Description = "With --pr: merge the pull request at once." };

    private static readonly Option<int> Parallel = CommonOptions.AtLeast(1, new Option<int>("--parallel")
    {
        Description =
            "Parts of files under way at once [default: 1]. A push that is killed sends at most these again; more than one is faster "
                + "where a single connection is not.",
        HelpName = "n",
        DefaultValueFactory = _ => 1,
    });

    private static readonly Option<string?> Tag = new("--tag") { Description = "Tag the commit.", HelpName = "name" };

    private static readonly Option<string?> Lock =
        new("--lock") { Description = "The build's lock file, to be held against the artifact and sent along.", HelpName = "file" };

    private static readonly Option<string?> BaseModel = new("--base-model") { Description = "For the card: the model that was quantized.",
        HelpName = "owner/name" };

    private static readonly Option<string?> License =
        new("--license") { Description = "For the card: the licence of the base model, such as apache-2.0.", HelpName = "id" };

    public static Command Create(Session session)
    {
        var command = new Command("push", "Publish an artifact on the Hub. Lists what would be sent; --send sends it.")
        {
            Folder, Target, Send, Make, Public, PullRequest, Merge, Parallel, Tag, Lock, BaseModel, License, CommonOptions.PublicKey,
                CommonOptions.Store, CommonOptions.Log,
        };
        command.SetAction(arguments => session.Run(arguments, run => RunAsync(arguments, run).GetAwaiter().GetResult()));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CommandRun run)
    {
        RequireSense(arguments);
        HubReference target = HubReference.Parse(arguments.GetRequiredValue(Target));
        using HubClient client = HubConnection.Open(run, arguments.GetValue(CommonOptions.Store), arguments.GetValue(Parallel))
            ?? throw new UsageException("HF_HUB_OFFLINE is set; a push needs the Hub.");
        string folder = arguments.GetRequiredValue(Folder);
        var facts = new ModelCardFacts(arguments.GetValue(BaseModel) is { } model ? RepoId.Parse(model) : null,
            arguments.GetValue(License));
        bool sends = arguments.GetValue(Send);
        HubRevision? head = await client.FindRevisionAsync(target.Repository, target.Revision, run.Cancellation);
        string? card = head?.Files.Contains(ModelCard.FileName) == true ? await CardAsync(client, target, run.Cancellation) : null;
        ImmutableArray<HubFile> files =
            ArtifactPush.Gather(folder, arguments.GetValue(Lock), facts, arguments.GetValue(CommonOptions.PublicKey), card,
                run.Cancellation);
        if (sends && head is null)
            await CreateAsync(arguments, client, target, run.Cancellation);

        UploadPlan plan = await HubUpload.PlanAsync(client, target.Repository, target.Revision, files, run.Cancellation);
        foreach (UploadItem item in plan.Items)
            await run.Answer.WriteLineAsync($"{NameOf(item.State)}  {item.File.Path}  {Quantity.Size(item.File.Size)}");
        await run.Answer
            .WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{plan.ToSend.Count()} of {plan.Items.Length} files to send, {Quantity.Size(plan.Bytes)}"));
        await CheckCardAsync(client, plan, run.Cancellation);
        await CheckTagAsync(arguments, client, plan, run.Cancellation);
        if (!sends)
        {
            await run.Answer.WriteLineAsync(plan.Head is not null ? "Nothing was sent; add --send to send."
                : $"Nothing was sent; add --send to send. {target.Repository}@{target.Revision} does not exist "
                    + $"yet{(arguments.GetValue(Make) ? "" : ": add --create to make it")}.");
            return ExitCode.Done;
        }
        await SendAsync(arguments, run, client, target, plan, ArtifactPath.Describe(folder));
        return ExitCode.Done;
    }

    private static async Task SendAsync(ParseResult arguments, CommandRun run, HubClient client, HubReference target, UploadPlan plan,
        ArtifactDescriptor artifact)
    {
        HubCommit? commit =
            await HubUpload.RunAsync(client, plan, ($"Add {artifact.Name}", $"Plan {artifact.Plan}, QuantBuild {artifact.Tool}"),
            arguments.GetValue(PullRequest), HubConnection.Progress(run), run.Cancellation);
        if (arguments.GetValue(Merge) && commit?.PullRequest is { } number)
            await client.MergeAsync(target.Repository, number, run.Cancellation);
        string? id = commit?.Id ?? plan.Head;
        if (arguments.GetValue(Tag) is { } tag && id is not null)
            await client.CreateTagAsync(target.Repository, tag, id, $"Plan {artifact.Plan}", run.Cancellation);
        await run.Answer.WriteLineAsync(commit is null ? $"Nothing to send: {id} has all of it." : commit.Address
            ?? $"{target.Repository} at {commit.Id}");
    }

    /// <summary>Options that would do nothing.</summary>
    private static void RequireSense(ParseResult arguments)
    {
        if (arguments.GetValue(Merge) && !arguments.GetValue(PullRequest))
            throw new UsageException("--merge goes with --pr.");
        if (arguments.GetValue(Public) && !arguments.GetValue(Make))
            throw new UsageException("--public goes with --create: a repository that exists stays as visible as it is.");
        if (arguments.GetValue(Tag) is { } tag && HubReference.FaultOf(tag) is { } fault)
            throw new UsageException($"'{tag}' cannot be a tag: {fault}.");
    }

    /// <summary>Makes the repository, or the branch of one that exists; without --create that is an error.</summary>
    private static async Task CreateAsync(ParseResult arguments, HubClient client, HubReference target, CancellationToken ct)
    {
        if (arguments.GetValue(Make))
        {
            await client.CreateRepositoryAsync(target.Repository, !arguments.GetValue(Public), ct);
            if (await client.FindRevisionAsync(target.Repository, target.Revision, ct) is null)
                await client.CreateBranchAsync(target.Repository, target.Revision, ct: ct);
        }
        await client.RevisionAsync(target.Repository, target.Revision, ct);
    }

    /// <summary>A tag is never moved: better known before gigabytes are sent.</summary>
    private static async Task CheckTagAsync(ParseResult arguments, HubClient client, UploadPlan plan, CancellationToken ct)
    {
        if (plan.Head is null || arguments.GetValue(Tag) is not { } tag)
            return;
        HubRef? there = (await client.ReferencesAsync(plan.Repository, ct: ct)).FirstOrDefault(reference =>
            reference.Full == $"refs/tags/{tag}");
        if (there is not null && (plan.ToSend.Any() || there.Commit != plan.Head))
            throw new DiagnosticException(Descriptors.HubNameTaken.At(null, tag, plan.Repository, there.Commit));
    }

    /// <summary>The Hub's own check of the front matter, also before a push that only lists: that is when it can still be mended.</summary>
    private static async Task CheckCardAsync(HubClient client, UploadPlan plan, CancellationToken ct)
    {
        HubFile card = plan.Items.Single(item => item.File.Path == ModelCard.FileName).File;
        ImmutableArray<string> mistakes = await client.CheckCardAsync(Encoding.UTF8.GetString(card.ReadContent()), ct);
        if (!mistakes.IsEmpty)
            throw new DiagnosticException(Descriptors.ModelCardRefused.At(null, string.Join("; ", mistakes)));
    }

    private static async Task<string?> CardAsync(HubClient client, HubReference target, CancellationToken ct)
    {
        HubSnapshot snapshot = await HubDownload.FetchAsync(client, HubConnection.Cache(), target, path => path == ModelCard.FileName,
            ct: ct);
        return await File.ReadAllTextAsync(Path.Combine(snapshot.Folder, ModelCard.FileName), ct);
    }

    private static string NameOf(UploadState state) => state switch
    {
        UploadState.New => "new      ",
        UploadState.Changed => "changed  ",
        UploadState.Unchanged => "equal    ",
        _ => "ignored  ",
    };
}
