using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>push, pull, sign, verify, and builds that take what is published.</summary>
public sealed class PublishingCommandTests : IAsyncLifetime
{
    private const string Name = "tester/model";

    private HubFolder _hub = null!;

    public async ValueTask InitializeAsync() => _hub = await HubFolder.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    private void Build() => _hub.Run("build", _hub.Model.Manifest, "--out", _hub.Model.Output).Expect(0);

    private Outcome Push(params string[] more) => _hub.Run(["push", _hub.Model.Output, Name, "--lock", _hub.Model.Lock, .. more]);

    [Fact]
    public void A_push_lists_and_sends_only_when_told_and_a_pull_brings_the_same_bytes()
    {
        Build();
        string listed = Push("--create").Expect(0).Out;
        Assert.Contains("Nothing was sent; add --send to send.", listed, StringComparison.Ordinal);
        Assert.Contains("new        quality.json", listed, StringComparison.Ordinal);
        Assert.Empty(_hub.Server.Repositories);

        Push("--create", "--send", "--tag", "v1", "--base-model", "Wan-AI/Wan2.2-I2V-A14B", "--license", "apache-2.0").Expect(0);
        HubServer.Repository repository = _hub.Server.Repositories[Name];
        Assert.True(repository.Private);
        Assert.Contains("refs/tags/v1", repository.Heads.Keys);
        Assert.DoesNotContain("provenance.run.json", repository.Main.Files.Keys);
        string card = System.Text.Encoding.UTF8.GetString(repository.Main.Files["README.md"].Content!);
        Assert.Contains("| high_noise | 0.", card, StringComparison.Ordinal);
        Assert.Contains("Nothing to send", Push("--send").Expect(0).Out, StringComparison.Ordinal);

        _hub.Run("pull", Name + "@v1", _hub.Model["pulled"], "--store", _hub.Model["other store"]).Expect(0);
        Assert.Equal(ReducedModel.Bytes(_hub.Model.Output), ReducedModel.Bytes(_hub.Model["pulled"]));
        Assert.Contains("5 files are those of the statement", _hub.Run("verify", _hub.Model["pulled"], "--provenance").Expect(0).Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_travels_with_the_artifact_and_is_required_when_a_key_is_named()
    {
        Build();
        string key = _hub.Model["key.pem"], open = _hub.Model["key.pub"], stranger = _hub.Model["other.pub"];
        MakeKey(key, open);
        MakeKey(_hub.Model["other.pem"], stranger);
        Assert.Contains("QB5040", Push("--create", "--send", "--key", open).Expect(1).Out, StringComparison.Ordinal);

        _hub.Run("sign", _hub.Model.Output, "--key", key).Expect(0);
        Assert.Contains("QB5043", Push("--create", "--send", "--key", stranger).Expect(1).Out, StringComparison.Ordinal);
        Push("--create", "--send", "--key", open).Expect(0);

        Assert.Contains("QB5043", _hub.Run("pull", Name, _hub.Model["pulled"], "--key", stranger).Expect(1).Out, StringComparison.Ordinal);
        Assert.False(File.Exists(_hub.Model["pulled", "artifact.json"]));
        _hub.Run("pull", Name, _hub.Model["pulled"], "--key", open).Expect(0);
        Outcome verified = _hub.Run("verify", _hub.Model["pulled"], "--key", open, "--manifest", _hub.Model.Manifest).Expect(0);
        Assert.Contains("ok        checkpoint/low_noise", verified.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pull_request_is_merged_when_asked_to()
    {
        Build();
        _hub.Server.Add(Name);

        Push("--send", "--pr", "--merge").Expect(0);

        Assert.Contains("artifact.json", _hub.Server.Repositories[Name].Main.Files.Keys);
        Assert.Contains("refs/pr/1", _hub.Server.Repositories[Name].Heads.Keys);
    }

    [Fact]
    public void What_would_fail_after_hours_of_sending_fails_before()
    {
        Build();
        Assert.Contains("tester/model@main does not exist yet: add --create", Push().Expect(0).Out, StringComparison.Ordinal);
        Assert.Contains("QB5021", Push("--send").Expect(1).Out, StringComparison.Ordinal);
        HubServer.Repository repository = _hub.Server.Add(Name);
        repository.Heads["refs/tags/v1"] = repository.Main.Id;

        Outcome taken = Push("--send", "--tag", "v1").Expect(1);
        Outcome unnamed = Push("--send", "--tag", "v 1").Expect(2), unmerged = Push("--send", "--merge").Expect(2),
            unmade = Push("--send", "--public").Expect(2);

        Assert.Contains("QB5026", taken.Out, StringComparison.Ordinal);
        Assert.Contains("'v 1' cannot be a tag", unnamed.Error, StringComparison.Ordinal);
        Assert.Contains("--merge goes with --pr", unmerged.Error, StringComparison.Ordinal);
        Assert.Contains("--public goes with --create", unmade.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(_hub.Server.Requests, request => request.Storage
            || request.Path.Contains("/commit/", StringComparison.Ordinal));
    }

    [Fact]
    public void A_branch_that_does_not_exist_is_made_when_asked_to()
    {
        Build();
        HubServer.Repository repository = _hub.Server.Add(Name);
        Outcome missing = _hub.Run("push", _hub.Model.Output, Name + "@next", "--send").Expect(1);

        _hub.Run("push", _hub.Model.Output, Name + "@next", "--create", "--send").Expect(0);

        Assert.Contains("QB5022", missing.Out, StringComparison.Ordinal);
        Assert.Empty(repository.Main.Files);
        _hub.Run("pull", Name + "@next", _hub.Model["pulled"]).Expect(0);
        Assert.Equal(ReducedModel.Bytes(_hub.Model.Output), ReducedModel.Bytes(_hub.Model["pulled"]));
    }

    [Fact]
    public void A_published_artifact_spares_a_build_the_work_and_is_audited()
    {
        _hub.Edit("\"overrides\"", $"\"output\": {{ \"from\": \"{Name}\" }}, \"overrides\"");
        Outcome absent = _hub.Run("build", _hub.Model.Manifest, "--out", _hub.Model.Output).Expect(0);
        Assert.Contains("warning QB5060", absent.Out, StringComparison.Ordinal);
        Push("--create", "--send").Expect(0);
        string lockText = File.ReadAllText(_hub.Model.Lock);
        File.Delete(_hub.Model.Lock);

        // Another machine: nothing in the store.
        Outcome pulled = _hub.Run("build", _hub.Model.Manifest, "--out", _hub.Model["pulled"], "--store", _hub.Model["empty store"])
            .Expect(0);
        Assert.Contains($"reduced: pulled from hf://{Name}@main (commit ", pulled.Out, StringComparison.Ordinal);
        Assert.Contains(_hub.Model["pulled", "reduced.report.html"], pulled.Out, StringComparison.Ordinal);
        Assert.Equal(ReducedModel.Bytes(_hub.Model.Output), ReducedModel.Bytes(_hub.Model["pulled"]));
        Assert.Equal(lockText, File.ReadAllText(_hub.Model.Lock));
        Assert.Contains("0 actions ran",
            _hub.Run("build", _hub.Model.Manifest, "--out", _hub.Model["x"], "--until", "calibrate", "--store", _hub.Model["third store"])
                .Expect(0).Out, StringComparison.Ordinal);

        // The audit computes a part, and finds a lie.
        Outcome good = _hub.Run("verify", _hub.Model.Manifest, "--recompute", "30%", "--seed", "1", "--store", _hub.Model["empty store"])
            .Expect(0);
        Assert.Contains("0 gave other bytes", good.Out, StringComparison.Ordinal);
        string weights = System.Text.RegularExpressions.Regex.Match(lockText, "\"weights\": \"([0-9a-f]{64})\"").Groups[1].Value;
        File.WriteAllText(_hub.Model.Lock, lockText.Replace(weights, new string('0', 64), StringComparison.Ordinal));
        Outcome lie = _hub.Run("verify", _hub.Model.Manifest, "--recompute", "100%", "--store", _hub.Model["fourth store"]).Expect(1);
        Assert.Contains("different  weights high_noise blocks.0.ffn.0", lie.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_published_for_other_inputs_or_cannot_be_reached_is_computed_with_a_message()
    {
        _hub.Edit("\"overrides\"", $"\"output\": {{ \"from\": \"{Name}\" }}, \"overrides\"");
        Build();
        Push("--create", "--send").Expect(0);

        _hub.Edit("\"seed\": 42", "\"seed\": 43");
        Outcome other = _hub.Run("build", _hub.Model.Manifest, "--out", _hub.Model["other"]).Expect(0);
        _hub.Edit("\"seed\": 43", "\"seed\": 44");
        Outcome unreachable = _hub.Run([("HF_ENDPOINT", "http://127.0.0.1:9/")], "build", _hub.Model.Manifest, "--out", _hub.Model["other"])
            .Expect(0);
        _hub.Edit(Name, "no repository");
        Outcome misspelled = _hub.Run("build", _hub.Model.Manifest, "--out", _hub.Model["other"]).Expect(1);

        Assert.Contains("it has no lock of this plan", other.Out, StringComparison.Ordinal);
        Assert.Contains("warning QB5060", unreachable.Out, StringComparison.Ordinal);
        Assert.Contains("error QB1019", misspelled.Out, StringComparison.Ordinal);
    }

    private void MakeKey(string secret, string open)
    {
        using (var make =
            new RunningProcess("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", secret],
                _hub.Model.Folder, _hub.Environment()))
            make.Wait().Expect(0);
        using (var publish = new RunningProcess("openssl", ["pkey", "-in", secret, "-pubout", "-out", open], _hub.Model.Folder,
            _hub.Environment()))
            publish.Wait().Expect(0);
    }
}
