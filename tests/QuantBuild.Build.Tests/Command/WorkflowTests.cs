using System.Text.RegularExpressions;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>The shell steps of the ready workflows, one by one, in a checkout of their own against a Hub on this machine.</summary>
public sealed partial class WorkflowTests : IAsyncLifetime
{
    private const string Name = "tester/model";

    private HubFolder _hub = null!;

    public async ValueTask InitializeAsync() => _hub = await HubFolder.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public void Github_actions()
    {
        string workflow = Workflow("github-actions.yml");
        Dictionary<string, string?> environment =
            Checkout(workflow,
                [("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", _hub.Model.Folder), ("GITHUB_OUTPUT", _hub.Model["outputs"]),
            ("GITHUB_STEP_SUMMARY", _hub.Model["summary.md"]), ("GITHUB_REF_NAME", "v1.0"), ("SIGNING_KEY", MakeKey())]);
        Assert.DoesNotContain(Scripts(workflow), script => script.Contains("${{", StringComparison.Ordinal));

        string output = RunAll(workflow, environment);

        Assert.Contains("artifact<<", File.ReadAllText(_hub.Model["outputs"]), StringComparison.Ordinal);
        Assert.Contains("## model", File.ReadAllText(_hub.Model["summary.md"]), StringComparison.Ordinal);
        Assert.Contains("provenance.dsse.json", AssertPublished().Main.Files.Keys);
        Assert.DoesNotContain(Server, output, StringComparison.Ordinal);
    }

    [Fact]
    public void Azure_pipelines()
    {
        string pipeline = Workflow("azure-pipelines.yml");
        Dictionary<string, string?> environment =
            Checkout(pipeline, [("TF_BUILD", "True"), ("AGENT_TEMPDIRECTORY", _hub.Model.Folder), ("BUILD_SOURCEBRANCHNAME", "v1.0")]);

        string output = RunAll(pipeline, environment);

        Assert.Contains("##vso[artifact.upload containerfolder=model;artifactname=model;]", output, StringComparison.Ordinal);
        Assert.DoesNotContain("provenance.dsse.json", AssertPublished().Main.Files.Keys);
        Assert.DoesNotContain(Server, output, StringComparison.Ordinal);
    }

    private static string Server => HubServer.HubServer.Token;

    private static string Workflow(string name) => File.ReadAllText(Repository.PathOf("docs", "ci", name)).ReplaceLineEndings("\n");

    private HubServer.Repository AssertPublished()
    {
        HubServer.Repository repository = _hub.Server.Repositories[Name];
        Assert.Contains("refs/tags/v1.0", repository.Heads.Keys);
        Assert.Contains("model.quant.lock.json", repository.Main.Files.Keys);
        Assert.Contains("high_noise_model/diffusion_pytorch_model.safetensors", repository.Main.Files.Keys);
        return repository;
    }

    /// <summary>
    /// A checkout with a manifest and its lock, the variables of the workflow, and a `dotnet` that finds the tool as `dotnet tool restore`
    /// would.
    /// </summary>
    private Dictionary<string, string?> Checkout(string workflow, (string Name, string? Value)[] more)
    {
        string manifest = _hub.Model["model.quant.json"];
        File.Move(_hub.Model.Manifest, manifest);
        _hub.Run("build", manifest, "--out", _hub.Model["first"]).Expect(0);
        string bin = Directory.CreateDirectory(_hub.Model["bin"]).FullName, dotnet = Path.Combine(bin, "dotnet");
        File.WriteAllText(dotnet, $"""
            #!/bin/sh
            case "$1 $2" in
              "tool restore") exit 0 ;;
              quantbuild*) shift; exec "{Real("dotnet")}" exec "{Repository.Tool}" "$@" ;;
              *) echo "the fake dotnet does not know $*" >&2; exit 99 ;;
            esac
            """);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(dotnet, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Dictionary<string, string?> environment = _hub.Environment(more);
        foreach (Match variable in Variable().Matches(workflow))
            environment.TryAdd(variable.Groups[1].Value, variable.Groups[2].Value);
        environment["REPOSITORY"] = Name;
        environment["PATH"] = bin + Path.PathSeparator + System.Environment.GetEnvironmentVariable("PATH");
        Assert.Equal("model.quant.json", environment["MANIFEST"]);
        return environment;
    }

    private string RunAll(string workflow, Dictionary<string, string?> environment)
    {
        string[] scripts = [.. Scripts(workflow)];
        Assert.True(scripts.Length >= 5, "the steps were not found");
        return string.Concat(scripts.Select(script =>
        {
            // Both systems stop a step at the first command that fails.
            using var bash = new RunningProcess("bash", ["-e", "-o", "pipefail", "-c", script], _hub.Model.Folder, environment);
            Outcome outcome = bash.Wait().Expect(0);
            return outcome.Out + outcome.Error;
        }));
    }

    /// <summary>The scripts in order: what follows on the line, or the indented lines below.</summary>
    private static IEnumerable<string> Scripts(string workflow)
    {
        string[] lines = workflow.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (ScriptKey().Match(lines[i]) is not { Success: true } key)
                continue;
            if (key.Groups[2].Value != "|")
            {
                yield return key.Groups[2].Value;
                continue;
            }
            int indent = key.Groups[1].Length;
            yield return string.Join('\n', lines.Skip(i + 1)
                .TakeWhile(line => line.Length == 0 || line.Length - line.TrimStart().Length > indent).Select(line => line.Trim()));
        }
    }

    private static string Real(string program) => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).First(File.Exists);

    private string MakeKey()
    {
        using var make = new RunningProcess("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            _hub.Model.Folder, _hub.Environment());
        return make.Wait().Expect(0).Out;
    }

    [GeneratedRegex(@"^  ([A-Z_]+): ([^$\s]+)$", RegexOptions.Multiline)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^( *)(?:- )?(?:run|script): (.+)$")]
    private static partial Regex ScriptKey();
}
