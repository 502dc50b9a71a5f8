using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Projects;
using QuantBuild.HubServer;
using QuantBuild.Tests.Pickles;
using QuantBuild.Tests.Sources;
using QuantBuild.Tests.Stages;
using QuantBuild.Tests.Store;

namespace QuantBuild.Tests.Hub;

/// <summary>Checkpoints that a manifest names by a repository of the Hub.</summary>
public sealed class HubSourceTests : HubSourceTest
{
    [Fact]
    public void A_plan_reads_the_headers_of_weights_and_downloads_none()
    {
        PublishTinyWan();
        using var local = new TinyProject { UsesDefaultFolders = true };

        PlanReport report = ModelCompiler.Plan(Compile(), SilentObserver.Instance, Ct);
        PlanReport expected = ModelCompiler.Plan(local.Options() with { HeadersOnly = true }, SilentObserver.Instance, Ct);

        Assert.Equal(Server.Repositories[Name].Main.Id, report.Plan.Location.Commit);
        Assert.Equal(expected.Plan.Experts.SelectMany(expert => expert.Layers)
            .Select(layer => (layer.Name, layer.OutFeatures, layer.InFeatures, layer.Recipe.Precision)),
            report.Plan.Experts.SelectMany(expert => expert.Layers)
                .Select(layer => (layer.Name, layer.OutFeatures, layer.InFeatures, layer.Recipe.Precision)));
        Assert.Equal((expected.ArtifactBytes, expected.WeightBytes, expected.PeakBytes),
            (report.ArtifactBytes, report.WeightBytes, report.PeakBytes));
        Assert.Equal(expected.Actions.Select(action => (action.Stage, action.Expert, action.Name)),
            report.Actions.Select(action => (action.Stage, action.Expert, action.Name)));
        Assert.All(report.Actions, action => Assert.Equal((ActionOutcome.Missing, null), (action.Outcome, action.Key)));
        Assert.All(Storage("GET"), request => Assert.Equal("bytes=0-131071", request.Range));
        Assert.Equal(3, Storage("GET").Count());
        Assert.DoesNotContain(Directory.GetFiles(PathTo("cache", "models--org--model", "blobs")), file =>
            new FileInfo(file).Length > 1 << 16);
        AssertTokenStayed();
    }

    [Fact]
    public void A_build_downloads_what_it_needs_and_locks_the_commit()
    {
        PublishTinyWan();
        using var local = new TinyProject { UsesDefaultFolders = true };
        local.Build();

        Build();

        Assert.Equal(local.ArtifactDigests(), Project.ArtifactDigests());
        string folder = new HubCache(PathTo("cache")).SnapshotFolder(Id, Server.Repositories[Name].Main.Id);
        Assert.Equal(
            [
                "high_noise_model/config.json", Weights, Weights.Replace("00001-of", "00002-of", StringComparison.Ordinal),
                    "high_noise_model/diffusion_pytorch_model.safetensors.index.json",
                "low_noise_model/config.json", "low_noise_model/diffusion_pytorch_model.safetensors",
            ], Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path))
            .Order(StringComparer.Ordinal));
        LockFile locked = LockFile.Read(LockFile.PathFor(Project.Manifest))!;
        Assert.Equal(new LockedSource(new HubReference(Id, "main"), Server.Repositories[Name].Main.Id), locked.Source);
        Assert.Null(LockFile.Read(LockFile.PathFor(local.Manifest))!.Source);
    }

    [Theory]
    [InlineData(Weights, "cut off")]
    [InlineData("high_noise_model/diffusion_pytorch_model.safetensors.index.json", "emptied")]
    [InlineData("low_noise_model/config.json", "cut off")]
    public void A_file_that_is_damaged_in_the_cache_is_fetched_again(string path, string damage)
    {
        PublishTinyWan();
        Build();
        IReadOnlyDictionary<string, string> digests = Project.ArtifactDigests();
        string file = Path.Combine(new HubCache(PathTo("cache")).SnapshotFolder(Id, Server.Repositories[Name].Main.Id), path);
        Assert.SkipUnless(new FileInfo(file).LinkTarget is not null, "no links here");
        ContentStoreBlobTests.Damage(new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true)!.FullName, damage);
        Project.Store += " fresh";
        var warnings = new Warnings();

        ModelCompiler.Build(Compile(), Project.Output, warnings, Ct);

        Assert.Equal(digests, Project.ArtifactDigests());
        Assert.Contains(warnings.Reported, warning => warning.Descriptor == Descriptors.CacheDamaged);
    }

    [Fact]
    public async Task What_is_in_the_cache_is_enough_to_work_offline()
    {
        PublishTinyWan();
        Build();
        Variables["HF_HUB_OFFLINE"] = "1";
        int before = Server.Requests.Count;

        Assert.DoesNotContain(Build().Actions, action => action.Outcome == ActionOutcome.Ran);
        Assert.False(ModelCompiler.Plan(Compile(), SilentObserver.Instance, Ct).Plan.Location.HeadersOnly);

        Assert.Equal(before, Server.Requests.Count);
        Project.Checkpoint = "hf://org/model@other";
        string message = await FailsAsync("QB2013", () => Task.FromResult(Build()));
        Assert.Contains("'hf://org/model@other' is not in the download cache", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_commit_that_is_in_the_cache_needs_no_request()
    {
        PublishTinyWan();
        Build();
        Project.Checkpoint = $"hf://org/model@{Server.Repositories[Name].Main.Id}";
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

        ModelCompiler.Build(Compile(), Project.Output, warnings, Ct);

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

        CompileResult result = ModelCompiler.Build(Compile() with { Locked = true }, Project.Output, SilentObserver.Instance, Ct);

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
        Project.Checkpoint = source;

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => { Build(); });

        Assert.Equal(["QB2013", code], failure.Diagnostics.Select(diagnostic => diagnostic.Descriptor.Code));
        Assert.Equal((Project.Manifest, 2), (failure.Diagnostics[0].Span!.Value.File, failure.Diagnostics[0].Span!.Value.Line));
    }

    [Fact]
    public void A_manifest_that_cannot_be_built_is_refused_before_weights_are_downloaded()
    {
        PublishTinyWan();
        Project.Overrides = """{ "match": "blocks.99.*", "precision": "bf16" }""";

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
        byte[] wide = [.. BitConverter.GetBytes((long)header + 200_000), .. file[8..(8 + header)], .. Enumerable.Repeat((byte)' ', 200_000),
            .. file[(8 + header)..]];
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
    public void A_newProject_of_a_repository_reads_headers_alone()
    {
        PublishTinyWan();

        NewProject project = ProjectCreation.Write(new ProjectRequest(PathTo("new"), "hf://org/model", Hub: Compile().Hub),
            SilentObserver.Instance, Ct);

        QuantManifest manifest = ManifestReader.Read(Path.Combine(project.Folder, "new.quant.json")).Manifest!;
        Assert.Equal("hf://org/model@main", manifest.Model.Repository?.ToString());
        Assert.Equal(["high_noise_model", "low_noise_model"], manifest.Experts.Select(expert => expert.Weights));
        Assert.Equal(("original", 120), (project.Layout, project.Plan.Experts.Sum(expert => expert.Layers.Length)));
        Assert.All(Storage("GET"), request => Assert.Equal("bytes=0-131071", request.Range));
        Assert.DoesNotContain(Directory.GetFiles(PathTo("cache", "models--org--model", "blobs")), file =>
            new FileInfo(file).Length > 1 << 16);
        AssertTokenStayed();
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("text_encoder/config.json")]
    [InlineData("high_noise_model/diffusion_pytorch_model.safetensors.md")]
    public void A_newProject_of_a_repository_without_experts_says_so(string file)
    {
        Publish(file, "{}"u8.ToArray());

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() =>
            ProjectCreation.Write(new ProjectRequest(PathTo("new"), "hf://org/model", Hub: Compile().Hub), SilentObserver.Instance, Ct));

        Assert.Equal("QB0303", failure.Diagnostics[0].Descriptor.Code);
        Assert.False(Directory.Exists(PathTo("new")));
    }

    [Theory]
    [InlineData("hf://org/nobody", "QB2013")]
    [InlineData("hf://org", "QB")]
    public void A_newProject_of_no_repository_leaves_nothing_behind(string source, string code)
    {
        PublishTinyWan();

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() =>
            ProjectCreation.Write(new ProjectRequest(PathTo("new"), source, Hub: Compile().Hub), SilentObserver.Instance, Ct));

        Assert.StartsWith(code, failure.Diagnostics[0].Descriptor.Code, StringComparison.Ordinal);
        Assert.False(Directory.Exists(PathTo("new")));
    }

    [Fact]
    public void The_original_layout_brings_its_pickles_when_samples_are_made_of_pictures()
    {
        string folder = PathTo("original");
        OriginalLayout.Write(folder);
        PublishTinyWan();
        foreach (string file in (string[])["models_t5_umt5-xxl-enc-bf16.pth", "Wan2.1_VAE.pth", "text_encoder/config.json",
            "vae/config.json", "google/umt5-xxl/spiece.model"])
            Publish(file, File.ReadAllBytes(Path.Combine(folder, file)));
        string set = Path.Combine(Project.Root, "set.jsonl");
        File.WriteAllText(set, System.Text.Json.JsonSerializer.Serialize(new { id = 0, prompt = "a red star", seed = 1,
            image = TestData.TinyWan("eval", "images", "001.png"), frames = 1, width = 96, height = 64 }));
        (Project.Calibration, Project.Samples) = (set, 1);
        using var local = new TinyProject { UsesDefaultFolders = true, Checkpoint = folder, Calibration = set, Samples = 1 };
        local.Build();

        PlanReport plan = ModelCompiler.Plan(Compile(), SilentObserver.Instance, Ct);
        // The tokenizer, and nothing of the weights but heads.
        Assert.Single(Storage("GET"), request => request.Range is null or "");
        NewProject created = ProjectCreation.Write(new ProjectRequest(PathTo("new"), "hf://org/model", Hub: Compile().Hub),
            SilentObserver.Instance, Ct);
        Build();

        Assert.True(created.HasEncoders);
        Assert.Contains(plan.Actions, action => action.Stage == "Condition");
        Assert.Equal(local.ArtifactDigests(), Project.ArtifactDigests());
        int requests = Server.Requests.Count(request => request.Storage);
        Assert.DoesNotContain(Build().Actions, action => action.Outcome == ActionOutcome.Ran);
        Assert.Equal(requests, Server.Requests.Count(request => request.Storage));
    }

    [Fact]
    public void A_repository_of_one_file_per_expert_is_planned_from_heads_and_fetched()
    {
        const string Split = "split_files/diffusion_models/";
        Server.LargeFrom = 1 << 16;
        string[] files = SourceFiles.Write(PathTo("comfy"), source => source.Tensors.Keys.Select(name =>
            QuantBuild.SafeTensors.TensorData.Copy(source, name, "diffusion_model." + name)));
        foreach (string file in files.Append("config.json"))
            Publish(Split + file, File.ReadAllBytes(PathTo("comfy", file)));
        Publish(Split + "another_model.safetensors", new byte[100_000]);
        using var local = new TinyProject();
        local.Build();
        (Project.UsesDefaultFolders, Project.HighWeights, Project.LowWeights) = (false, Split + files[0], Split + files[1]);

        PlanReport plan = ModelCompiler.Plan(Compile(), SilentObserver.Instance, Ct);
        Assert.All(Storage("GET"), request => Assert.Equal("bytes=0-131071", request.Range));
        Build();

        Assert.Equal([60, 60], plan.Plan.Experts.Select(expert => expert.Layers.Length));
        Assert.DoesNotContain(Server.Requests, request => request.Path.Contains("another_model", StringComparison.Ordinal));
        Assert.All(local.ArtifactDigests().Where(file => file.Key.EndsWith(".safetensors", StringComparison.Ordinal)),
            file => Assert.Equal(file.Value, Project.ArtifactDigests()[file.Key]));
        Assert.DoesNotContain(Build().Actions, action => action.Outcome == ActionOutcome.Ran);
    }

    [Fact]
    public void A_LoRA_file_of_the_Hub_is_fetched_and_merged()
    {
        PublishTinyWan();
        using var file = new MemoryStream();
        QuantBuild.SafeTensors.SafeTensorsWriter.Write(file,
        [
            QuantBuild.Tests.Sources.SourceFiles.Tensor("diffusion_model.blocks.0.norm3.diff", [192], i => 0.01f * (i % 3)),
        ]);
        Publish("loras/one.safetensors", file.ToArray());
        Project.Loras = """{ "file": "hf://org/model/loras/one.safetensors", "experts": ["low_noise"] }""";

        Build();
        Assert.DoesNotContain(Build().Actions, action => action.Outcome == ActionOutcome.Ran);
        Project.Loras = """{ "file": "hf://org/model/loras/two.safetensors" }""";
        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => Build());
        Assert.Equal(Descriptors.LoraNotFound, failure.Diagnostics[0].Descriptor);
    }

    [Theory]
    [InlineData("hf://org/model", false)]
    [InlineData("hf://org/model@main/a.safetensors", true)]
    [InlineData("hf://org/model/../a.safetensors", false)]
    public void A_file_of_the_Hub_has_a_repository_and_a_path(string text, bool isOne) =>
    Assert.Equal(isOne, RemoteLora.Parse(text) is not null);
}
