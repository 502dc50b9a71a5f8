using System.Collections.Immutable;
using QuantBuild.Compiler;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Packing;
using QuantBuild.Compiler.Projects;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.HubServer;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Hub;

/// <summary>Checkpoints that a manifest names by a repository of the Hub.</summary>
public sealed class HubSourceTests : HubTest
{
    private const string Weights = "high_noise_model/diffusion_pytorch_model-00001-of-00002.safetensors";

    private readonly TinyProject _project = new() { UsesDefaultFolders = true, Checkpoint = "hf://org/model" };
    private readonly Dictionary<string, string> _variables = [];

    public override async ValueTask DisposeAsync()
    {
        _project.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public void A_plan_reads_the_headers_of_weights_and_downloads_none()
    {
        PublishTinyWan();
        using var local = new TinyProject { UsesDefaultFolders = true };

        PlanReport report = ModelCompiler.Plan(Compile(), SilentObserver.Instance, Ct);
        PlanReport expected = ModelCompiler.Plan(local.Options() with { HeadersOnly = true }, SilentObserver.Instance, Ct);

        Assert.Equal(Server.Repositories[Name].Main.Id, report.Plan.Location.Commit);
        Assert.Equal(expected.Plan.Experts.SelectMany(expert => expert.Layers).Select(layer => (layer.Name, layer.OutFeatures, layer.InFeatures, layer.Recipe.Precision)),
            report.Plan.Experts.SelectMany(expert => expert.Layers).Select(layer => (layer.Name, layer.OutFeatures, layer.InFeatures, layer.Recipe.Precision)));
        Assert.Equal((expected.ArtifactBytes, expected.WeightBytes, expected.PeakBytes), (report.ArtifactBytes, report.WeightBytes, report.PeakBytes));
        Assert.Equal(expected.Actions.Select(action => (action.Stage, action.Expert, action.Name)), report.Actions.Select(action => (action.Stage, action.Expert, action.Name)));
        Assert.All(report.Actions, action => Assert.Equal((ActionOutcome.Missing, null), (action.Outcome, action.Key)));
        Assert.All(Storage("GET"), request => Assert.Equal("bytes=0-131071", request.Range));
        Assert.Equal(3, Storage("GET").Count());
        Assert.DoesNotContain(Directory.GetFiles(PathTo("cache", "models--org--model", "blobs")), file => new FileInfo(file).Length > 1 << 16);
        AssertTokenStayed();
    }

    [Fact]
    public void A_build_downloads_what_it_needs_and_locks_the_commit()
    {
        PublishTinyWan();
        using var local = new TinyProject { UsesDefaultFolders = true };
        local.Build();

        Build();

        Assert.Equal(local.ArtifactDigests(), _project.ArtifactDigests());
        string folder = new HubCache(PathTo("cache")).SnapshotFolder(Id, Server.Repositories[Name].Main.Id);
        Assert.Equal(
            [
                "high_noise_model/config.json", Weights, Weights.Replace("00001-of", "00002-of", StringComparison.Ordinal), "high_noise_model/diffusion_pytorch_model.safetensors.index.json",
                "low_noise_model/config.json", "low_noise_model/diffusion_pytorch_model.safetensors",
            ], Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal));
        LockFile locked = LockFile.Read(LockFile.PathFor(_project.Manifest))!;
        Assert.Equal(new LockedSource(new HubReference(Id, "main"), Server.Repositories[Name].Main.Id), locked.Source);
        Assert.Null(LockFile.Read(LockFile.PathFor(local.Manifest))!.Source);
    }

    [Fact]
    public async Task What_is_in_the_cache_is_enough_to_work_offline()
    {
        PublishTinyWan();
        Build();
        _variables["HF_HUB_OFFLINE"] = "1";
        int before = Server.Requests.Count;

        Assert.DoesNotContain(Build().Actions, action => action.Outcome == ActionOutcome.Ran);
        Assert.False(ModelCompiler.Plan(Compile(), SilentObserver.Instance, Ct).Plan.Location.HeadersOnly);

        Assert.Equal(before, Server.Requests.Count);
        _project.Checkpoint = "hf://org/model@other";
        string message = await FailsAsync("QB2013", () => Task.FromResult(Build()));
        Assert.Contains("'hf://org/model@other' is not in the download cache", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_commit_that_is_in_the_cache_needs_no_request()
    {
        PublishTinyWan();
        Build();
        _project.Checkpoint = $"hf://org/model@{Server.Repositories[Name].Main.Id}";
        int before = Server.Requests.Count;

        Build();

        Assert.Equal(before, Server.Requests.Count);
    }

    [Fact]
    public void When_the_hub_cannot_be_reached_the_last_known_commit_does_with_a_warning()
    {
        PublishTinyWan();
        Build();
        Server.Fail(_ => true, Fault.Drop, times: 100);
        var warnings = new Warnings();

        ModelCompiler.Build(Compile(), _project.Output, warnings, Ct);

        Diagnostic warning = Assert.Single(warnings.Reported, diagnostic => diagnostic.Descriptor == Descriptors.SourceFromCache);
        Assert.Contains(Server.Repositories[Name].Main.Id, warning.Message, StringComparison.Ordinal);
        Assert.Equal(2, warning.Span!.Value.Line);
    }

    [Fact]
    public void A_locked_build_stays_at_the_locked_commit_when_the_branch_moves()
    {
        PublishTinyWan();
        Build();
        Publish("low_noise_model/config.json", "{}"u8.ToArray());

        CompileResult result = ModelCompiler.Build(Compile() with { Locked = true }, _project.Output, SilentObserver.Instance, Ct);

        Assert.False(result.LockChanged);
        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => { Build(); });
        Assert.Equal("QB2003", failure.Diagnostics[0].Descriptor.Code);
    }

    [Theory]
    [InlineData("hf://org/none", "QB5021")]
    [InlineData("hf://org/model@none", "QB5022")]
    public void What_the_hub_does_not_have_is_told_at_its_place_with_the_hubs_own_code(string source, string code)
    {
        PublishTinyWan();
        _project.Checkpoint = source;

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => { Build(); });

        Assert.Equal(["QB2013", code], failure.Diagnostics.Select(diagnostic => diagnostic.Descriptor.Code));
        Assert.Equal((_project.Manifest, 2), (failure.Diagnostics[0].Span!.Value.File, failure.Diagnostics[0].Span!.Value.Line));
    }

    [Fact]
    public void A_manifest_that_cannot_be_built_is_refused_before_weights_are_downloaded()
    {
        PublishTinyWan();
        _project.Overrides = """{ "match": "blocks.99.*", "precision": "bf16" }""";

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => { Build(); });

        Assert.Equal("QB1032", failure.Diagnostics[0].Descriptor.Code);
        Assert.All(Storage("GET"), request => Assert.Equal("bytes=0-131071", request.Range));
    }

    [Fact]
    public void A_header_larger_than_the_first_range_is_fetched_whole()
    {
        PublishTinyWan();
        byte[] file = File.ReadAllBytes(TestData.TinyWan("checkpoint", "low_noise_model", "diffusion_pytorch_model.safetensors"));
        int header = (int)BitConverter.ToInt64(file);
        byte[] wide = [.. BitConverter.GetBytes((long)header + 200_000), .. file[8..(8 + header)], .. Enumerable.Repeat((byte)' ', 200_000), .. file[(8 + header)..]];
        Publish("low_noise_model/diffusion_pytorch_model.safetensors", wide);

        PlanReport report = ModelCompiler.Plan(Compile(), SilentObserver.Instance, Ct);

        Assert.Equal(60, report.Plan.Experts[1].Layers.Length);
        Assert.Contains(Storage("GET"), request => request.Range == $"bytes=0-{header + 200_007}");
    }

    [Fact]
    public void A_repository_without_experts_is_told_as_any_folder_without_them()
    {
        Publish("README.md", "nothing"u8.ToArray());
        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => { Build(); });
        Assert.Contains(failure.Diagnostics, diagnostic => diagnostic.Descriptor.Code is "QB2001" or "QB2002");
    }

    [Fact]
    public void A_new_project_of_a_repository_reads_headers_alone()
    {
        PublishTinyWan();

        NewProject project = ProjectCreation.Write(new ProjectRequest(PathTo("new"), "hf://org/model", Hub: Compile().Hub), SilentObserver.Instance, Ct);

        QuantManifest manifest = ManifestReader.Read(Path.Combine(project.Folder, "new.quant.json")).Manifest!;
        Assert.Equal("hf://org/model@main", manifest.Model.Repository?.ToString());
        Assert.Equal(["high_noise_model", "low_noise_model"], manifest.Experts.Select(expert => expert.Weights));
        Assert.Equal(("original", 120), (project.Layout, project.Plan.Experts.Sum(expert => expert.Layers.Length)));
        Assert.All(Storage("GET"), request => Assert.Equal("bytes=0-131071", request.Range));
        Assert.DoesNotContain(Directory.GetFiles(PathTo("cache", "models--org--model", "blobs")), file => new FileInfo(file).Length > 1 << 16);
        AssertTokenStayed();
    }

    [Theory]
    [InlineData("hf://org/nobody", "QB2013")]
    [InlineData("hf://org", "QB")]
    public void A_new_project_of_no_repository_leaves_nothing_behind(string source, string code)
    {
        PublishTinyWan();

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() =>
            ProjectCreation.Write(new ProjectRequest(PathTo("new"), source, Hub: Compile().Hub), SilentObserver.Instance, Ct));

        Assert.StartsWith(code, failure.Diagnostics[0].Descriptor.Code, StringComparison.Ordinal);
        Assert.False(Directory.Exists(PathTo("new")));
    }

    [Fact]
    public async Task A_published_artifact_spares_fetching_the_weights()
    {
        PublishTinyWan();
        await PublishBuild();
        IReadOnlyDictionary<string, string> expected = _project.ArtifactDigests();
        int before = MoveToAnotherMachine();

        CheckpointLocation fetched = ModelCompiler.Fetch(Compile(), SilentObserver.Instance, Ct);
        Assert.Empty(ModelCompiler.Calibrate(Compile(), SilentObserver.Instance, Ct).Actions);
        CompileResult result = ModelCompiler.Build(Compile() with { Report = PathTo("report.html") }, _project.Output, SilentObserver.Instance, Ct);

        Assert.True(fetched.HeadersOnly);
        Assert.StartsWith("hf://org/built@main (commit ", result.PulledFrom, StringComparison.Ordinal);
        Assert.Equal(expected, _project.ArtifactDigests());
        Assert.All(result.Inputs, file => Assert.True(File.Exists(file), file));
        Assert.Equal(2, Server.Requests.Skip(before).Count(request => request.Storage && request.Method == "GET" && request.Range is null)); // the artifact's two
        string report = await File.ReadAllTextAsync(PathTo("report.html"), Ct);
        Assert.Contains("\"pulledFrom\":\"hf://org/built@main", report, StringComparison.Ordinal);
        Assert.Contains("\"relative\":[", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_of_another_commit_are_fetched_and_compared()
    {
        PublishTinyWan();
        await PublishBuild();
        Publish("README.md", "# other words"u8.ToArray());
        int before = MoveToAnotherMachine();

        CompileResult result = Build();

        Assert.NotNull(result.PulledFrom);
        Assert.Equal(5, Server.Requests.Skip(before).Count(request => request.Storage && request.Method == "GET" && request.Range is null));
    }

    /// <summary>Builds as somebody who has fetched the checkpoint, and publishes the artifact with its lock.</summary>
    private async Task PublishBuild()
    {
        Build();
        Server.Add("org/built");
        using HubClient client = Connect();
        ImmutableArray<HubFile> files = ArtifactPush.Gather(_project.Output, LockFile.PathFor(_project.Manifest), new ModelCardFacts(null, null), ct: Ct);
        await HubUpload.RunAsync(client, await HubUpload.PlanAsync(client, RepoId.Parse("org/built"), "main", files, Ct), ("built", ""), ct: Ct);
    }

    /// <summary>Leaves nothing but the manifest, which now names the published artifact.</summary>
    /// <returns>How many requests there were so far.</returns>
    private int MoveToAnotherMachine()
    {
        Directory.Delete(PathTo("cache"), recursive: true);
        Directory.Delete(_project.Output, recursive: true);
        File.Delete(LockFile.PathFor(_project.Manifest));
        _project.Store = PathTo("other store");
        _project.OutputSection = """ "from": "org/built" """;
        return Server.Requests.Count;
    }

    private void PublishTinyWan()
    {
        Server.LargeFrom = 1 << 16;
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            foreach (string file in Directory.GetFiles(TestData.TinyWan("checkpoint", expert)))
                Publish($"{expert}/{Path.GetFileName(file)}", File.ReadAllBytes(file));
        }
        Publish("README.md", "# a model"u8.ToArray());
        Publish("Wan2.1_VAE.pth", new byte[100_000]);
        Publish("high_noise_model/diffusion_pytorch_model.fp16.safetensors", new byte[100_000]);
    }

    private void Publish(string path, byte[] content)
    {
        Repository repository = Server.Repositories.GetValueOrDefault(Name) ?? Server.Add(Name);
        string digest = Digest.Of(content).ToString();
        bool large = content.Length >= Server.LargeFrom;
        if (large)
            File.WriteAllBytes(Server.ObjectPath(digest), content);
        repository.Heads["refs/heads/main"] = repository.Add(repository.Main, path, new Dictionary<string, Entry>(repository.Main.Files)
        {
            [path] = large ? Repository.Large(path, digest, content.Length) : Repository.Small(path, content),
        }).Id;
    }

    private CompileOptions Compile()
    {
        _variables["HF_ENDPOINT"] = Server.Endpoint.ToString();
        _variables["HF_HUB_CACHE"] = PathTo("cache");
        _variables["HF_TOKEN"] = HubServerToken;
        return _project.Options() with { Hub = new HubAccess(new HubEnvironment(_variables.GetValueOrDefault)) { Configure = options => options with { Time = Time } } };
    }

    private CompileResult Build() => ModelCompiler.Build(Compile(), _project.Output, SilentObserver.Instance, Ct);

    private IEnumerable<Traffic> Storage(string method) => Server.Requests.Where(request => request.Storage && request.Method == method);
}
