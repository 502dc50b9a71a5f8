using System.Security.Cryptography;
using QuantBuild.Build.Tests.Infrastructure;
using QuantBuild.HubServer;
using HubRepository = QuantBuild.HubServer.Repository;
using Repository = QuantBuild.Build.Tests.Infrastructure.Repository;
using Server = QuantBuild.HubServer.HubServer;

namespace QuantBuild.Build.Tests.Build;

public sealed class FetchingTests
{
    private const string Name = "tester/checkpoint";

    [Fact]
    public async Task QuantFetch_downloads_a_checkpoint_of_the_Hub_and_the_stages_after_it_go_on_from_there()
    {
        using var project = new ModelProject();
        await using Server server = await Server.StartAsync(project.Model["hub"]);
        Publish(server);
        project.Model.Write(ReducedModel.Text()
            .Replace(Repository.PathOf("models", "TinyWan", "checkpoint").Replace('\\', '/'), $"hf://{Name}", StringComparison.Ordinal));
        Outcome Build(params string[] arguments) => project.DotNet("build", new Dictionary<string, string?>
        {
            ["HF_ENDPOINT"] = server.Endpoint.AbsoluteUri,
            ["HF_HOME"] = project.Model["home"],
            ["HF_TOKEN"] = Server.Token,
        }, arguments);

        Outcome fetched = Build("-restore", "-t:QuantFetch").Expect(0);
        int loads = Loads(server);
        Outcome built = Build().Expect(0);
        Outcome question = Build("-question").Expect(0);

        Assert.Contains("Fetching the checkpoint of reduced", fetched.Out, StringComparison.Ordinal);
        Assert.Contains($"hf://{Name}@main (commit ", fetched.Out, StringComparison.Ordinal);
        Assert.True(loads >= 3);
        Assert.Equal(loads, Loads(server));
        Assert.DoesNotContain("Fetching", built.Out + question.Out, StringComparison.Ordinal);
        Tool.Run(project.Model.Folder, "verify", project.Artifact).Expect(0);
        Outcome stated = Tool.Run(project.Model.Folder, "verify", project.Model["bin", "Debug", "net10.0"], "--provenance").Expect(0);
        Assert.Contains("5 files are those of the statement", stated.Out, StringComparison.Ordinal);
    }

    private static int Loads(Server server) => server.Requests.Count(request => request.Storage && request.Method == "GET");

    private static void Publish(Server server)
    {
        HubRepository repository = server.Add(Name);
        var files = new Dictionary<string, Entry>();
        string checkpoint = Repository.PathOf("models", "TinyWan", "checkpoint");
        foreach (string file in ((string[])["high_noise_model", "low_noise_model"]).SelectMany(expert =>
            Directory.GetFiles(Path.Combine(checkpoint, expert))))
        {
            byte[] content = File.ReadAllBytes(file);
            string path = Path.GetRelativePath(checkpoint, file).Replace('\\', '/'),
                digest = Convert.ToHexStringLower(SHA256.HashData(content));
            bool large = content.Length > 1 << 16;
            if (large)
                File.WriteAllBytes(server.ObjectPath(digest), content);
            files[path] = large ? HubRepository.Large(path, digest, content.Length) : HubRepository.Small(path, content);
        }
        repository.Heads["refs/heads/main"] = repository.Add(repository.Main, "checkpoint", files).Id;
    }
}
