using System.IO.Compression;
using System.Text;
using QuantBuild.Build.Tests.Infrastructure;
using QuantBuild.HubServer;
using Server = QuantBuild.HubServer.HubServer;

namespace QuantBuild.Build.Tests.Build;

public sealed class PushingTests
{
    private const string Name = "tester/model";

    [Fact]
    public async Task QuantPush_lists_then_sends_what_was_built_and_no_log_has_the_token()
    {
        using var project = new ModelProject();
        await using Server server = await Server.StartAsync(project.Model["hub"]);
        server.Add(Name);
        project.DotNet("build").Expect(0);

        Outcome aimless = Push(project, server).Expect(1);
        Outcome listed = Push(project, server, $"-p:QuantPushRepository={Name}").Expect(0);
        Assert.Empty(server.Repositories[Name].Main.Files);
        Outcome sent = Push(project, server, $"-p:QuantPushRepository={Name}", "-p:QuantPushSend=true", "-p:QuantPushTag=v1",
            "-bl:push.binlog").Expect(0);

        Assert.Contains("error QB0011", aimless.Out, StringComparison.Ordinal);
        Assert.Contains("Nothing was sent", listed.Out, StringComparison.Ordinal);
        Assert.Contains("reduced.quant.lock.json", server.Repositories[Name].Main.Files.Keys);
        Assert.Contains("refs/tags/v1", server.Repositories[Name].Heads.Keys);
        Assert.DoesNotContain(Server.Token, sent.Out + sent.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Server.Token, Unpacked(project.Model["push.binlog"]), StringComparison.Ordinal);
        Assert.Equal(Server.Token, server.Requests.Last(request => !request.Storage).Authorization?["Bearer ".Length..]);
    }

    [Fact]
    public async Task A_build_never_pushes()
    {
        using var project =
            new ModelProject(properties: $"<QuantPushRepository>{Name}</QuantPushRepository><QuantPushSend>true</QuantPushSend>");
        await using Server server = await Server.StartAsync(project.Model["hub"]);

        project.DotNet("build", new Dictionary<string, string?> { ["HF_ENDPOINT"] = server.Endpoint.AbsoluteUri }).Expect(0);

        Assert.Empty(server.Requests);
    }

    private static Outcome Push(ModelProject project, Server server, params string[] more) =>
        project.DotNet("build", new Dictionary<string, string?>
    {
        ["HF_ENDPOINT"] = server.Endpoint.AbsoluteUri,
        ["HF_HOME"] = project.Model["home"],
        ["HF_TOKEN"] = Server.Token,
    }, ["-t:QuantPush", .. more]);

    private static string Unpacked(string binlog)
    {
        using var unpacked = new MemoryStream();
        using (var gzip = new GZipStream(File.OpenRead(binlog), CompressionMode.Decompress))
            gzip.CopyTo(unpacked);
        return Encoding.UTF8.GetString(unpacked.ToArray());
    }
}
