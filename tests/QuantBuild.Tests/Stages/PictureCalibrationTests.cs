using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Imaging;
using QuantBuild.Tests.Imaging;

namespace QuantBuild.Tests.Stages;

/// <summary>Calibration sets without tensors: samples are made of pictures and prompts.</summary>
public sealed class PictureCalibrationTests : IDisposable
{
    private readonly TinyProject _project = new() { UsesDefaultFolders = true };
    private readonly List<string> _lines = [];

    public PictureCalibrationTests()
    {
        // Two layers of each expert are enough: these tests are about what comes before them.
        _project.Overrides = """{ "match": "blocks.0.*_attn.*", "precision": "bf16" }""";
        _project.Calibration = Path.Combine(_project.Root, "set.jsonl");
        Directory.CreateDirectory(Path.Combine(_project.Root, "pictures"));
        for (int i = 0; i < 3; i++)
        {
            File.Copy(TestData.TinyWan("calibration", "images", $"{i:000}.png"), Path.Combine(_project.Root, "pictures", $"{i}.png"));
            _lines.Add($$"""{"id": {{i}}, "prompt": "a star moves up", "seed": {{i}}, "image": "pictures/{{i}}.png", "frames": 5, "width": 96, "height": 64}""");
        }
        Write();
    }

    [Fact]
    public void Encoded_samples_are_actions_of_their_own()
    {
        Assert.Equal(["Condition  sample 000", "Condition  sample 001"],
            _project.Build().RanNames.Where(name => name.StartsWith("Condition", StringComparison.Ordinal)));
        Assert.Empty(_project.Build().Ran);
    }

    [Fact]
    public void Only_what_a_change_reaches_is_encoded_again()
    {
        _project.Build();
        _lines[0] = _lines[0].Replace("\"seed\": 0", "\"seed\": 9", StringComparison.Ordinal);
        Write();
        Assert.Equal(["Trajectory  sample 000"], Encodings(_project.Build().RanNames));

        _lines[1] = _lines[1].Replace("moves up", "moves down", StringComparison.Ordinal);
        Write();
        Assert.Equal(["Condition  sample 001", "Trajectory  sample 001"], Encodings(_project.Build().RanNames));

        _lines[0] = _lines[0].Replace("\"width\": 96, \"height\": 64", "\"width\": 64, \"height\": 96", StringComparison.Ordinal);
        Write();
        Assert.Empty(_project.Build().Ran);

        File.Copy(Path.Combine(_project.Root, "pictures", "2.png"), Path.Combine(_project.Root, "pictures", "0.png"), overwrite: true);
        Assert.Equal(["Condition  sample 000", "Trajectory  sample 000"], Encodings(_project.Build().RanNames));
    }

    [Fact]
    public void A_picture_that_is_replaced_between_hashing_and_reading_leaves_no_result_behind()
    {
        string picture = Path.Combine(_project.Root, "pictures", "0.png"), original = picture + ".original";
        File.Copy(picture, original);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => _project.Build(
            new BeforeFirst("Condition", () => File.Copy(Path.Combine(_project.Root, "pictures", "2.png"), picture, overwrite: true))));
        Assert.Equal(("QB4007", 1), (failure.Diagnostics[0].Descriptor.Code, failure.Diagnostics[0].Span!.Value.Line));

        File.Copy(original, picture, overwrite: true);
        _project.Build();
        IReadOnlyDictionary<string, string> digests = _project.ArtifactDigests();
        _project.Store += "2";
        _project.Build();
        Assert.Equal(_project.ArtifactDigests(), digests);
    }

    [Theory]
    [InlineData("tokenizer", "tokenizer.json")]
    [InlineData("text_encoder", "config.json")]
    [InlineData("vae", "config.json")]
    public void A_part_of_the_encoders_that_is_replaced_between_hashing_and_reading_leaves_no_result_behind(string part, string name)
    {
        CopyEncoders();
        string file = Path.Combine(_project.Checkpoint, part, name);
        byte[] original = File.ReadAllBytes(file);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => _project.Build(new BeforeFirst("Condition", () =>
        {
            File.WriteAllBytes(file + ".new", [.. original, (byte)' ']);
            File.Move(file + ".new", file, overwrite: true);
        })));

        Assert.Equal("QB4007", failure.Diagnostics[0].Descriptor.Code);
        Assert.DoesNotContain(ModelCompiler.Plan(_project.Options(), SilentObserver.Instance,
            TestContext.Current.CancellationToken).Actions,
            action => action is { Stage: "Condition", Outcome: not ActionOutcome.Missing });
    }

    [Fact]
    public void Guidance_adds_the_empty_prompt()
    {
        _project.Guidance = 3.5;
        Assert.Contains("Condition  empty prompt", _project.Build().RanNames);
    }

    [Fact]
    public void Threads_do_not_change_a_byte()
    {
        _project.Threads = 1;
        _project.Build();
        IReadOnlyDictionary<string, string> one = _project.ArtifactDigests();
        _project.Store += "2";
        _project.Threads = 3;
        _project.Build();
        Assert.Equal(one, _project.ArtifactDigests());
    }

    [Fact]
    public void A_plan_before_the_first_build_knows_what_would_be_encoded()
    {
        PlanReport report = ModelCompiler.Plan(_project.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken);
        Assert.Equal(2, report.Actions.Count(action => action is { Stage: "Condition", Outcome: ActionOutcome.Missing, Key: not null }));
        Assert.Equal(2, report.Actions.Count(action => action is { Stage: "Trajectory", Outcome: ActionOutcome.Missing, Key: null }));
    }

    [Fact]
    public void A_sample_without_a_picture_or_with_a_bad_one_is_refused_at_its_line_all_at_once()
    {
        _lines[0] = """{"id": 0, "prompt": "a star", "seed": 1}""";
        _lines[1] = """{"id": 1, "prompt": "a star", "seed": 1, "image": "pictures/none.png"}""";
        Write();
        DiagnosticException failure = Fails();
        Assert.Equal([("QB3102", 1), ("QB3106", 2)], failure.Diagnostics.Where(d => d.Descriptor.Severity == Severity.Error)
            .Select(d => (d.Descriptor.Code, d.Span!.Value.Line)));

        _lines[0] = """{"id": 0, "prompt": "a star", "seed": 1, "image": "set.jsonl", "frames": 5}""";
        _lines[1] = """{"id": 1, "prompt": "a star", "seed": 1, "image": "pictures/1.png", "frames": 6}""";
        Write();
        failure = Fails();
        Assert.Equal(("QB3106", 1), (failure.Diagnostics[0].Descriptor.Code, failure.Diagnostics[0].Span!.Value.Line));
        _lines[0] = _lines[2];
        _lines.RemoveAt(2);
        Write();
        failure = Fails();
        Assert.Equal(("QB3106", 2), (failure.Diagnostics[0].Descriptor.Code, failure.Diagnostics[0].Span!.Value.Line));
        Assert.Contains("6 frames", failure.Diagnostics[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_of_one_colour_is_warned_about_on_every_build()
    {
        using (FileStream file = File.Create(Path.Combine(_project.Root, "pictures", "1.png")))
            PngWriter.Write(file, new Image(96, 64, Enumerable.Repeat((byte)90, 3 * 96 * 64).ToArray()));
        for (int build = 0; build < 2; build++)
        {
            var warnings = new Warnings();
            _project.Build(warnings);
            Diagnostic warning =
                Assert.Single(warnings.Reported, diagnostic => diagnostic.Descriptor == Descriptors.CalibrationImageConstant);
            Assert.Equal(2, warning.Span!.Value.Line);
        }
    }

    [Fact]
    public void A_small_file_of_a_large_picture_is_refused_by_the_memory_limit_before_it_is_decoded()
    {
        byte[] picture = PngSpecification.Black(9000, 9000);
        Assert.InRange(picture.Length, 0, 263_000);
        File.WriteAllBytes(Path.Combine(_project.Root, "pictures", "0.png"), picture);
        _project.Memory = MemoryLimit.Of(600L << 20);

        long before = GC.GetTotalAllocatedBytes();
        DiagnosticException failure = Fails();

        Assert.Equal("QB3211", failure.Diagnostics[0].Descriptor.Code);
        Assert.Contains("sample 000", failure.Diagnostics[0].Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 200L << 20);
    }

    [Fact]
    public void A_prompt_that_is_cut_off_is_warned_about_on_every_build_with_the_tokens_lost()
    {
        _lines[0] = _lines[0].Replace("a star moves up", string.Join(' ', Enumerable.Repeat("star", 600)), StringComparison.Ordinal);
        Write();
        for (int build = 0; build < 2; build++)
        {
            var warnings = new Warnings();
            _project.Build(warnings);
            Diagnostic warning = Assert.Single(warnings.Reported, diagnostic => diagnostic.Descriptor == Descriptors.PromptCut);
            Assert.Equal(1, warning.Span!.Value.Line);
            Assert.Matches(@"sample 0 has 601 tokens, and the model reads (\d+): the last (\d+) are cut off", warning.Message);
        }
    }

    [Fact]
    public void A_checkpoint_without_encoders_is_refused_with_what_to_add()
    {
        _project.CopyCheckpoint();
        DiagnosticException failure = Fails();
        Assert.Equal("QB2015", failure.Diagnostics[0].Descriptor.Code);
        Assert.Equal((_project.Manifest, 2), (failure.Diagnostics[0].Span!.Value.File, failure.Diagnostics[0].Span!.Value.Line));
        Assert.Contains("nor a file models_t5_umt5-xxl-enc-bf16.pth", failure.Diagnostics[0].Message, StringComparison.Ordinal);
    }

    public void Dispose() => _project.Dispose();

    private void CopyEncoders()
    {
        string source = _project.Checkpoint;
        _project.CopyCheckpoint();
        foreach (string part in (string[])["tokenizer", "text_encoder", "vae"])
        {
            Directory.CreateDirectory(Path.Combine(_project.Checkpoint, part));
            foreach (string file in Directory.EnumerateFiles(Path.Combine(source, part)))
                File.Copy(file, Path.Combine(_project.Checkpoint, part, Path.GetFileName(file)));
        }
        foreach (string file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(_project.Checkpoint, Path.GetFileName(file)));
    }

    private void Write() => File.WriteAllLines(_project.Calibration, _lines);

    private DiagnosticException Fails() => Assert.Throws<DiagnosticException>(() => { _project.Build(); });

    private static IEnumerable<string> Encodings(IEnumerable<string> names) =>
        names.Where(name => name.StartsWith("Condition", StringComparison.Ordinal)
            || name.StartsWith("Trajectory", StringComparison.Ordinal));
}
