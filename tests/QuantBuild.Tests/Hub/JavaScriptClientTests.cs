using System.ComponentModel;
using System.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Tests.Hub;

/// <summary>
/// The Hub's official JavaScript client and ours understand what the other one writes, and the test server understands both.
/// </summary>
public sealed class JavaScriptClientTests : HubTest
{
    private static readonly string[] Paths = ["README.md", "config.json", "high/middle.bin", "high/large.bin"];

    private static string Scripts => Path.Combine(TestData.Root, "tests", "QuantBuild.HubServer", "js");

    [Fact]
    public async Task Each_client_reads_what_the_other_one_sent()
    {
        // arrange
        Install();
        Server.Add(Name);
        Write("files/README.md", 80, 1);
        Write("files/config.json", 900, 2);
        Write("files/high/middle.bin", 70_000, 3);
        Write("files/high/large.bin", (3 << 20) + 17, 4);
        using HubClient client = Connect();

        // act and assert: the server by the client that it was not written with
        Assert.Contains("ok  listing after a deletion", Node("crosscheck.mjs", Server.Endpoint.AbsoluteUri));

        // ours sends, theirs reads
        await HubUpload.RunAsync(client,
            await HubUpload.PlanAsync(client, Id, "main", [.. Paths.Select(path => HubFile.FromDisk(path, PathTo("files", path), ct: Ct))],
                Ct), ("ours", ""), ct: Ct);
        Assert.Equal("equal 4", Node(["transfer.mjs", "compare", Server.Endpoint.AbsoluteUri, Name, PathTo("files"), .. Paths]));

        // theirs sends, ours reads
        Server.Add("org/theirs");
        Assert.Equal("sent 4", Node(["transfer.mjs", "upload", Server.Endpoint.AbsoluteUri, "org/theirs", PathTo("files"), .. Paths]));
        HubSnapshot snapshot = await HubDownload.FetchAsync(client, new HubCache(PathTo("cache")),
            new HubReference(RepoId.Parse("org/theirs"), "main"), _ => true, ct: Ct);
        Assert.All(Paths, path =>
            Assert.Equal(File.ReadAllBytes(PathTo("files", path)), File.ReadAllBytes(Path.Combine(snapshot.Folder, path))));
    }

    private void Install()
    {
        try
        {
            (int code, string output) = Run("bash", Path.Combine(Scripts, "install.sh"), PathTo("js"));
            Assert.SkipWhen(code == 77, $"npm cannot get the Hub's JavaScript client: {output}");
            Assert.True(code == 0, output);
            Run("node", "--version");
        }
        catch (Win32Exception missing)
        {
            Assert.Skip($"needs bash, npm and node: {missing.Message}");
        }
    }

    private string Node(params string[] arguments)
    {
        (int code, string output) = Run("node", arguments);
        Assert.True(code == 0, output);
        return output.Trim();
    }

    private (int Code, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Directory.CreateDirectory(PathTo("js")).FullName,
        };
        start.Environment["HF_TOKEN"] = HubServerToken;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(Ct);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.GetAwaiter().GetResult());
    }
}
