using System.Runtime.InteropServices;
using System.Text.Json;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Reporting;

/// <summary>What a build writes into its report, held against what the build knows.</summary>
public sealed class BuildReportTests : IDisposable
{
    private readonly TinyProject _project = new();

    public BuildReportTests() => _project.Report = Path.Combine(_project.Root, "tiny.report.html");

    private string Report => _project.Report!;

    [Fact]
    public void Errors_sizes_choices_and_times_are_those_of_the_build()
    {
        TinyProject.Outcome built = _project.Build();
        var report = new ReportText(Report);

        Assert.Equal(20, built.Result.Layers.Count);
        Assert.All(built.Result.Layers, quality =>
        {
            JsonElement layer = report.Layer(quality.Expert == "high_noise" ? 0 : 1, quality.Layer);
            double[] relative = [.. layer.GetProperty("relative").EnumerateArray().Select(value => value.GetDouble())];
            Assert.Equal([quality.Rtn, quality.SvdQuantRtn, quality.SvdQuantGptq, quality.Recipe], relative, (a, b) =>
                Math.Abs(a - b) <= 1e-4 * a);
            Assert.Equal(1 - quality.Cosine, layer.GetProperty("cosine")[3].GetDouble(), 1e-6);
            Assert.All(layer.GetProperty("clips").EnumerateArray().Index(), clip =>
            {
                // Of the candidates the best was chosen, and measuring it again gave what the search had found.
                double[] errors = [.. clip.Item.GetProperty("errors").EnumerateArray().Select(value => value.GetDouble())];
                double[] ratios = [.. clip.Item.GetProperty("ratios").EnumerateArray().Select(value => value.GetDouble())];
                Assert.Equal(ratios[errors.IndexOf(errors.Min())], clip.Item.GetProperty("ratio").GetDouble());
                Assert.Equal(layer.GetProperty("bins")[clip.Index].GetProperty("relative")[3].GetDouble(), errors.Min(),
                    2e-4 * errors.Min());
            });
        });

        long bytes = report.Data.GetProperty("experts").EnumerateArray()
            .Sum(expert => expert.GetProperty("bytes").EnumerateObject().Sum(kind => kind.Value.GetInt64()));
        long files = report.Data.GetProperty("experts").EnumerateArray().SelectMany(expert => expert.GetProperty("files").EnumerateArray())
            .Sum(file => file[1].GetInt64());
        Assert.InRange(files - bytes, 0, 100_000); // headers and configurations

        JsonElement stages = report.Run.GetProperty("stages");
        Assert.Equal(built.Ran.Count, stages.EnumerateArray().Sum(stage => stage.GetProperty("ran").GetInt32()));
        Assert.Equal(2, stages.EnumerateArray().Single(stage => stage.GetProperty("name").GetString() == "Trajectory").GetProperty("ran")
            .GetInt32());
        Assert.Equal(JsonValueKind.Null, report.Run.GetProperty("changes").ValueKind);
    }

    [Fact]
    public void Magnitudes_are_the_largest_of_the_recordings()
    {
        _project.Build();
        JsonElement site = new ReportText(Report).Data.GetProperty("experts")[1].GetProperty("sites").EnumerateArray()
            .Single(site => site.GetProperty("name").GetString() == "blocks.0.ffn.2");
        byte[] bits = Convert.FromBase64String(site.GetProperty("magnitudes").GetString()!);
        float[] drawn = [.. MemoryMarshal.Cast<byte, ushort>(bits).ToArray().Select(BFloat16.ToSingle)];
        int groups = site.GetProperty("groups").GetInt32();
        JsonElement max = site.GetProperty("max");

        Assert.Equal(512, site.GetProperty("channels").GetInt32());
        Assert.Equal(64, groups);
        Assert.Equal(max.GetArrayLength() * groups, drawn.Length);
        Assert.All(drawn.Chunk(groups).Index(), step => Assert.Equal(max[step.Index].GetDouble(), step.Item.Max(), 0.02 * step.Item.Max()));
        Assert.Equal(max.EnumerateArray().Max(value => value.GetDouble()), site.GetProperty("sorted")[0].GetDouble());
        JsonElement smoothing = Assert.Single(site.GetProperty("smoothing").EnumerateArray());
        Assert.Equal(site.GetProperty("sorted")[0].GetDouble(), smoothing.GetProperty("outliers")[0][1].GetDouble());
    }

    [Fact]
    public void The_measured_part_is_the_same_in_another_folder_and_store_with_other_threads()
    {
        _project.Build();
        using var other = new TinyProject("another folder") { Threads = 1 };
        other.Report = Path.Combine(other.Root, "other.html");
        other.Build();

        Assert.Equal(new ReportText(Report).DataText, new ReportText(other.Report).DataText);
        Assert.DoesNotContain(Path.GetDirectoryName(_project.Root)!, File.ReadAllText(Report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_in_which_nothing_ran_leaves_the_page_alone_and_writes_a_lost_one()
    {
        _project.Build();
        byte[] first = File.ReadAllBytes(Report);
        _project.Build();
        Assert.Equal(first, File.ReadAllBytes(Report));

        File.Delete(Report);
        _project.Build();
        Assert.Equal(0, new ReportText(Report).Run.GetProperty("stages").EnumerateArray()
            .Sum(stage => stage.GetProperty("ran").GetInt32()));
    }

    [Fact]
    public void A_report_is_no_part_of_the_artifact()
    {
        _project.Report = null;
        TinyProject.Outcome without = _project.Build();
        IReadOnlyDictionary<string, string> before = _project.ArtifactDigests();
        _project.Report = Path.Combine(_project.Root, "tiny.report.html");
        TinyProject.Outcome with = _project.Build();

        Assert.Equal(before, _project.ArtifactDigests());
        Assert.False(with.Result.LockChanged);
        Assert.Equal(without.Result.Outputs, with.Result.Outputs);
    }

    [Fact]
    public void What_changed_since_the_build_before_is_told_with_its_reason_and_the_error_before()
    {
        double before = _project.Build().Result.Layers.Single(layer => layer is { Expert: "low_noise", Layer: "blocks.0.ffn.2" }).Recipe;
        _project.Overrides = """{ "match": "blocks.0.ffn.2", "experts": ["low_noise"], "lowRank": { "rank": 16 } }""";
        _project.Build();

        var report = new ReportText(Report);
        JsonElement change = Assert.Single(report.Run.GetProperty("changes").GetProperty("layers").EnumerateArray());
        Assert.Equal("rank: 8 → 16", change.GetProperty("why").GetString());
        Assert.Equal(1, change.GetProperty("expert").GetInt32());
        Assert.Equal("blocks.0.ffn.2",
            report.Data.GetProperty("experts")[1].GetProperty("layers")[change.GetProperty("layer").GetInt32()].GetProperty("name")
                .GetString());
        Assert.Contains("LowRank", change.GetProperty("stages").EnumerateArray().Select(stage => stage.GetString()));
        Assert.Equal(before, change.GetProperty("before").GetProperty("relative")[3].GetDouble(), 1e-4 * before);

        _project.Overrides = """{ "match": "blocks.0.ffn.2", "experts": ["low_noise"], "precision": "bf16" }""";
        _project.Build();
        change = Assert.Single(new ReportText(Report).Run.GetProperty("changes").GetProperty("layers").EnumerateArray());
        Assert.Equal("kept at bf16 now", change.GetProperty("why").GetString());
        Assert.True(change.TryGetProperty("before", out _));
    }

    [Fact]
    public void A_build_that_its_gates_fail_still_has_a_report()
    {
        _project.Gates = """ "maxRelativeError": 0.0001 """;

        Assert.Throws<DiagnosticException>(() => _project.Build());

        var report = new ReportText(Report);
        Assert.Equal(0.0001, report.Data.GetProperty("gates").GetProperty("maxRelativeError").GetDouble());
        Assert.All(report.Layers.Where(layer => layer.TryGetProperty("bins", out _)), layer =>
            Assert.True(layer.GetProperty("relative")[3].GetDouble() > 0.0001));
    }

    [Fact]
    public void A_report_that_cannot_be_written_is_a_warning_and_the_artifact_is_built()
    {
        Directory.CreateDirectory(Report);
        var observer = new Diagnostics();

        TinyProject.Outcome built = _project.Build(observer);

        Assert.Single(observer.Reported, diagnostic => diagnostic.Descriptor.Code == "QB4040");
        Assert.True(File.Exists(built.Result.Outputs[0]));
    }

    [Fact]
    public void Results_that_were_pruned_are_noted_and_left_out()
    {
        TinyProject.Outcome built = _project.Build();
        using (ContentStore store = ContentStore.Open(_project.Store))
        {
            foreach (ActionEvent action in built.Result.Actions.Where(action => action.Stage == BuildStages.Clip.Name
                && action.Expert == "low_noise"))
                File.Delete(store.PathOf(store.FindAction(action.Key!.Value)!.Outputs["choice"].Digest));
        }

        string page = ModelCompiler.Report(_project.Options(), Report, cancellation: TestContext.Current.CancellationToken);

        var report = new ReportText(page);
        Assert.False(report.Run.GetProperty("executed").GetBoolean());
        string[] missing = [.. report.Data.GetProperty("missing").EnumerateArray().Select(gap => gap.GetProperty("stage").GetString()!)];
        Assert.Contains("Clip", missing);
        Assert.True(report.Layer(0, "blocks.0.ffn.2").TryGetProperty("relative", out _));
        Assert.All(report.Layer(1, "blocks.0.ffn.2").GetProperty("clips").EnumerateArray(), clip =>
            Assert.Equal(JsonValueKind.Null, clip.ValueKind));
    }

    [Fact]
    public void A_model_that_was_never_built_has_no_report()
    {
        DiagnosticException failure =
            Assert.Throws<DiagnosticException>(() =>
                ModelCompiler.Report(_project.Options(), Report, cancellation: TestContext.Current.CancellationToken));

        Assert.Equal("QB4042", Assert.Single(failure.Diagnostics).Descriptor.Code);
        Assert.False(File.Exists(Report));
    }

    public void Dispose() => _project.Dispose();

    private sealed class Diagnostics : IBuildObserver
    {
        public List<Diagnostic> Reported { get; } = [];

        public void PhaseStarted(string name, int actions)
        {
        }

        public void ActionStarted(ActionSpec action)
        {
        }

        public void ActionFinished(ActionEvent action)
        {
        }

        public void Waiting(ActionSpec action)
        {
        }

        public void Report(Diagnostic diagnostic) => Reported.Add(diagnostic);
    }
}
