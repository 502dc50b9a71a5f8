using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class CiTests : IDisposable
{
    private readonly ReducedModel _model = new();

    public void Dispose() => _model.Dispose();

    private Outcome Run(IReadOnlyDictionary<string, string?> environment, params string[] more) =>
        Tool.Run(_model.Folder, environment, ["ci", _model.Manifest, "--out", _model.Output, "--store", _model.Store, .. more]);

    private Dictionary<string, string?> GitHub() => new()
    {
        ["TF_BUILD"] = null,
        ["GITHUB_ACTIONS"] = "true",
        ["GITHUB_WORKSPACE"] = _model.Folder,
        ["GITHUB_OUTPUT"] = _model["outputs"],
        ["GITHUB_STEP_SUMMARY"] = _model["summary.md"],
    };

    private Dictionary<string, string?> Azure() => new()
    {
        ["GITHUB_ACTIONS"] = null,
        ["TF_BUILD"] = "True",
        ["AGENT_TEMPDIRECTORY"] = Directory.CreateDirectory(_model["temp"]).FullName,
    };

    private static void AssertCommand(string output, string command) =>
        Assert.Contains(output.Split('\n'), line => line.TrimEnd('\r') == command);

    [Fact]
    public void On_github_a_build_has_outputs_a_summary_and_annotations_at_relative_paths()
    {
        _model.Write(ReducedModel.Text().Replace("\"tokensPerStep\": 32", "\"tokensPerStep\": 8", StringComparison.Ordinal));
        Outcome built = Run(GitHub(), "--unlocked").Expect(0);

        Dictionary<string, string> outputs = Outputs(File.ReadAllLines(_model["outputs"]));
        Assert.Equal(_model.Output, outputs["artifact"]);
        Assert.Equal("reduced", outputs["name"]);
        Assert.Equal("0", outputs["cached"]);
        Assert.Equal(_model["out", "reduced.report.html"], outputs["report"]);
        Assert.True(File.Exists(outputs["report"]));
        string summary = File.ReadAllText(_model["summary.md"]);
        Assert.Contains("## reduced\n", summary, StringComparison.Ordinal);
        Assert.Contains("| Trajectory | 1 | 0 |", summary, StringComparison.Ordinal);
        Assert.Contains("| high_noise | 0.", summary, StringComparison.Ordinal);
        Assert.Contains("Lock file: **changed**", summary, StringComparison.Ordinal);
        Assert.Contains("| QB1041 | reduced.quant.json:", summary, StringComparison.Ordinal);
        Assert.Contains("::warning file=reduced.quant.json,line=", built.Out, StringComparison.Ordinal);
        Assert.Contains(",title=QB1041::Bin 'early' of high_noise", built.Out, StringComparison.Ordinal);
        AssertStopped(built.Out);
        Assert.Equal(outputs["digest"],
            Convert.ToHexStringLower(
                System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(_model.Output, "artifact.json")))));
    }

    /// <summary>Commands are off between the group's begin and the token that ends it.</summary>
    private static void AssertStopped(string output)
    {
        string[] lines = [.. output.Split('\n').Select(line => line.TrimEnd('\r'))];
        string stop = lines.Single(line => line.StartsWith("::stop-commands::", StringComparison.Ordinal));
        Assert.Contains($"::{stop["::stop-commands::".Length..]}::", lines);
    }

    private static Dictionary<string, string> Outputs(string[] lines)
    {
        var outputs = new Dictionary<string, string>();
        for (int i = 0; i < lines.Length; i += 3)
        {
            string[] head = lines[i].Split("<<");
            Assert.Equal(head[1], lines[i + 2]);
            outputs[head[0]] = lines[i + 1];
        }
        return outputs;
    }

    [Fact]
    public void A_locked_build_fails_with_an_annotation_at_the_lock_and_a_summary()
    {
        Outcome missing = Run(GitHub()).Expect(1);

        AssertCommand(missing.Out, "::error file=reduced.quant.lock.json,title=QB4021::"
            + missing.Out[(missing.Out.IndexOf("QB4021::", StringComparison.Ordinal) + 8)..].Split('\n')[0].TrimEnd('\r'));
        Assert.Contains("failed", File.ReadAllText(_model["summary.md"]), StringComparison.Ordinal);
        Assert.DoesNotContain("error QB4021", missing.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void On_azure_a_build_sets_variables_and_uploads_summary_and_files()
    {
        _model.Build().Expect(0);
        Outcome built = Run(Azure(), "--upload", "my;model").Expect(0);

        AssertCommand(built.Out, $"##vso[task.setvariable variable=artifact;isOutput=true;]{_model.Output}");
        AssertCommand(built.Out, "##vso[task.setvariable variable=ran;isOutput=true;]0");
        AssertCommand(built.Out,
            $"##vso[artifact.upload "
                + $"containerfolder=my%3Bmodel/low_noise_model;artifactname=my%3Bmodel;]{Path.Combine(_model.Output, "low_noise_model", "config.json")}");
        AssertCommand(built.Out,
            $"##vso[artifact.upload containerfolder=my%3Bmodel;artifactname=my%3Bmodel;]{Path.Combine(_model.Output, "SHA256SUMS")}");
        AssertCommand(built.Out,
            $"##vso[artifact.upload "
                + $"containerfolder=my%3Bmodel;artifactname=my%3Bmodel;]{Path.Combine(_model.Output, "reduced.report.html")}");
        string summary = built.Out.Split('\n').Single(line => line.StartsWith("##vso[task.uploadsummary]", StringComparison.Ordinal))
            .TrimEnd('\r')["##vso[task.uploadsummary]".Length..];
        Assert.Contains("came from the store", File.ReadAllText(summary), StringComparison.Ordinal);
        Assert.Contains("Lock file: unchanged", File.ReadAllText(summary), StringComparison.Ordinal);

        _model.Write("{");
        Outcome failed = Run(Azure()).Expect(1);
        Assert.Contains($"##vso[task.logissue type=error;sourcepath={_model.Manifest};linenumber=1;", failed.Out, StringComparison.Ordinal);
        Assert.Contains(";code=QB1005;]", failed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Elsewhere_it_is_a_locked_build_with_checksums()
    {
        _model.Build().Expect(0);
        Outcome built = Run(Environments.With(("GITHUB_ACTIONS", null), ("TF_BUILD", null))).Expect(0);

        Assert.DoesNotContain("::", built.Out, StringComparison.Ordinal);
        using var check = new RunningProcess("sha256sum", ["--check", "SHA256SUMS"], _model.Output, Environments.With());
        Assert.Equal(7, check.Wait().Expect(0).Lines.Count(line => line.EndsWith(": OK", StringComparison.Ordinal)));
    }
}
