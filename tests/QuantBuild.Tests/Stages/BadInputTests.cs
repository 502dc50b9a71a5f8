using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Operations;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Stages;

public sealed class BadInputTests : IDisposable
{
    private const string LowNoiseFile = "low_noise_model/diffusion_pytorch_model.safetensors";
    private readonly TinyProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void A_NaN_in_a_weight_names_the_tensor_and_the_place()
    {
        _project.CopyCheckpoint();
        Patch(LowNoiseFile, "blocks.0.ffn.0.weight", [0xC0, 0x7F]);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => _project.Build());

        Diagnostic diagnostic = Assert.Single(failure.Diagnostics);
        Assert.Equal("QB3201", diagnostic.Descriptor.Code);
        Assert.Contains("low_noise blocks.0.ffn.0.weight: the weight is NaN at row 2, channel 116", diagnostic.Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(_project.Output));
    }

    [Theory]
    [InlineData(null, "QB4021")]
    [InlineData("{\"format\":1,\"experts\":[]}", "QB4022")]
    [InlineData("{\"calibration\":\"\\ud800\"}", "QB4022")]
    public void A_lock_file_that_says_nothing_is_known_before_any_work(string? content, string code)
    {
        _project.WriteManifest();
        if (content is not null)
            File.WriteAllText(Path.ChangeExtension(_project.Manifest, ".lock.json"), content);
        int worked = 0;

        DiagnosticException failure =
            Assert.Throws<DiagnosticException>(() => _project.Build(new BeforeFirst("Trajectory", () => worked++), locked: true));

        Assert.Equal(code, Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.Equal(0, worked);
    }

    [Fact]
    public void A_checkpoint_that_is_written_to_during_a_build_leaves_no_result_behind()
    {
        using var reference = new TinyProject { Samples = 1 };
        reference.Build();
        _project.Samples = 1;
        _project.CopyCheckpoint();
        string file = Path.Combine(_project.Checkpoint, LowNoiseFile);
        byte[] original = File.ReadAllBytes(file);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() =>
            _project.Build(new BeforeFirst("LowRank", () => Patch(LowNoiseFile, "blocks.0.ffn.2.weight", [0x00, 0x41]))));
        File.WriteAllBytes(file, original);
        _project.Build();

        Assert.Equal("QB4007", Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.Equal(reference.ArtifactDigests(), _project.ArtifactDigests());
    }

    [Theory]
    [InlineData("Trajectory")]
    [InlineData("Smooth")]
    [InlineData("LowRank")]
    [InlineData("Gptq")]
    [InlineData("Clip")]
    [InlineData("Measure")]
    [InlineData("Pack")]
    public void A_shard_that_is_cut_short_during_a_build_is_a_diagnostic_and_leaves_no_result_behind(string stage)
    {
        _project.Samples = 1;
        _project.CopyCheckpoint();
        string path = Path.Combine(_project.Checkpoint, LowNoiseFile);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => _project.Build(new BeforeFirst(stage, () =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            file.SetLength(4096);
        })));

        Assert.All(failure.Diagnostics, problem => Assert.Equal("QB4007", problem.Descriptor.Code));
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_while_evaluating_is_a_diagnostic_too()
    {
        _project.CopyCheckpoint();
        Patch(LowNoiseFile, "blocks.0.ffn.0.weight", [0xC0, 0x7F]);

        DiagnosticException failure =
            Assert.Throws<DiagnosticException>(() => ModelCompiler.Evaluate(_project.Options(),
            new EvaluationOptions(TestData.TinyWan("eval.jsonl"), 1), SilentObserver.Instance, TestContext.Current.CancellationToken));

        Assert.Equal("QB3201", Assert.Single(failure.Diagnostics).Descriptor.Code);
    }

    [Fact]
    public void A_prompt_that_is_no_Unicode_is_an_error_at_its_line()
    {
        _project.Calibration = WriteCalibration("{\"id\": 0, \"prompt\": \"\\ud800\"}\n");

        AssertFails("QB3102", "not a sample");
    }

    [Fact]
    public void A_history_that_cannot_be_written_does_not_fail_the_build()
    {
        Directory.CreateDirectory(_project.Store);
        _project.Build();
        Directory.Delete(Path.Combine(_project.Store, "builds"), recursive: true);
        File.WriteAllText(Path.Combine(_project.Store, "builds"), "in the way");

        Assert.Empty(_project.Build().Ran);
    }

    [Fact]
    public void A_missing_shard_is_an_error_with_its_name()
    {
        _project.CopyCheckpoint();
        File.Delete(Path.Combine(_project.Checkpoint, "high_noise_model/diffusion_pytorch_model-00002-of-00002.safetensors"));

        AssertFails("QB2", "diffusion_pytorch_model-00002-of-00002.safetensors");
    }

    [Fact]
    public void A_truncated_file_is_an_error_with_its_name()
    {
        _project.CopyCheckpoint();
        using (FileStream file = File.OpenWrite(Path.Combine(_project.Checkpoint, LowNoiseFile)))
            file.SetLength(file.Length - 100);

        AssertFails("QB2", "low_noise_model");
    }

    [Fact]
    public void A_tensor_of_another_shape_is_an_error_with_its_name()
    {
        _project.CopyCheckpoint();
        string config = Path.Combine(_project.Checkpoint, "low_noise_model/config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"ffn_dim\": 512", "\"ffn_dim\": 544", StringComparison.Ordinal));

        AssertFails("QB2", "ffn");
    }

    [Fact]
    public void An_empty_calibration_set_is_an_error()
    {
        _project.Calibration = WriteCalibration("");

        AssertFails("QB3103", "0 samples");
    }

    [Fact]
    public void A_broken_calibration_line_is_an_error_at_that_line()
    {
        _project.Calibration = WriteCalibration("{\"id\": 0, \"prompt\": \"a\"}\n{\"id\": 0, \"prompt\": \"b\"}\n");

        DiagnosticException failure = AssertFails("QB3102", "taken by an earlier line");
        Assert.Equal(2, failure.Diagnostics[0].Span!.Value.Line);
    }

    [Fact]
    public void A_sample_of_the_wrong_size_is_an_error_with_its_tensor()
    {
        string path = WriteCalibration("{\"id\": 0, \"prompt\": \"a\"}\n{\"id\": 1, \"prompt\": \"b\"}\n");
        SafeTensorsWriter.Write(Path.ChangeExtension(path, ".safetensors"),
        [
            TensorData.Of("sample.000.noise", [16, 5, 8, 12], new float[16 * 5 * 8 * 12]),
            TensorData.Of("sample.000.y", [20, 5, 8, 10], new float[20 * 5 * 8 * 10]),
            TensorData.Of("sample.000.context", [3, 128], new float[3 * 128]),
        ]);
        _project.Calibration = path;

        AssertFails("QB3104", "sample.000.y");
    }

    [Fact]
    public void A_calibration_set_without_tensors_and_pictures_is_an_error()
    {
        _project.Calibration = WriteCalibration("{\"id\": 0, \"prompt\": \"a\"}\n{\"id\": 1, \"prompt\": \"b\"}\n", withTensors: false);

        AssertFails("QB3102", "set.safetensors");
    }

    [Fact]
    public void A_store_that_is_a_file_is_an_error()
    {
        File.WriteAllText(_project.Store, "not a folder");

        AssertFails("QB4", "store");
    }

    [Fact]
    public void A_gate_that_is_not_met_fails_at_its_line_and_leaves_no_artifact()
    {
        _project.Gates = """ "maxRelativeError": 0.0001 """;

        DiagnosticException failure = AssertFails("QB3301", "blocks.0.");
        Assert.All(failure.Diagnostics, diagnostic => Assert.Equal(_project.Manifest, diagnostic.Span!.Value.File));
        Assert.All(failure.Diagnostics, diagnostic => Assert.True(diagnostic.Span!.Value.Line > 10));
        Assert.False(Directory.Exists(_project.Output));
    }

    [Fact]
    public void In_locked_mode_a_changed_plan_is_an_error_and_writes_nothing()
    {
        _project.Build();
        byte[] before = File.ReadAllBytes(Path.ChangeExtension(_project.Manifest, ".lock.json"));
        IReadOnlyDictionary<string, string> artifact = _project.ArtifactDigests();

        _project.ClipRatios = "0.5, 1.0";
        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => _project.Build(locked: true));

        Assert.StartsWith("QB4", failure.Diagnostics[0].Descriptor.Code);
        Assert.Equal(before, File.ReadAllBytes(Path.ChangeExtension(_project.Manifest, ".lock.json")));
        Assert.Equal(artifact, _project.ArtifactDigests());
    }

    private DiagnosticException AssertFails(string code, string message)
    {
        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => _project.Build());
        Assert.All(failure.Diagnostics.Where(diagnostic => diagnostic.Descriptor.Severity == Severity.Error),
            diagnostic => Assert.StartsWith(code, diagnostic.Descriptor.Code));
        Assert.Contains(failure.Diagnostics, diagnostic => diagnostic.ToString().Contains(message, StringComparison.Ordinal));
        return failure;
    }

    private string WriteCalibration(string lines, bool withTensors = true)
    {
        string path = Path.Combine(_project.Root, "set.jsonl");
        if (withTensors)
            SafeTensorsWriter.Write(Path.ChangeExtension(path, ".safetensors"), [TensorData.Of("null_context", [1, 128], new float[128])]);
        File.WriteAllText(path, lines);
        return path;
    }

    private void Patch(string file, string tensor, byte[] bytes)
    {
        string path = Path.Combine(_project.Checkpoint, file);
        long position;
        using (SafeTensorsFile tensors = SafeTensorsFile.Open(path))
            position = new FileInfo(path).Length - tensors.Tensors.Values.Max(info => info.End) + tensors.Tensors[tensor].Begin;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.Position = position + 1000;
        stream.Write(bytes);
    }
}
