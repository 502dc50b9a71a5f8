using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Layouts;

/// <summary>A recipe that a layout cannot hold is an error at the setting to change.</summary>
public sealed class LayoutErrorTests : IDisposable
{
    private readonly TinyProject _project = new() { Samples = 1 };

    public void Dispose() => _project.Dispose();

    private Diagnostic[] Errors()
    {
        try
        {
            ModelCompiler.Plan(_project.Options(), SilentObserver.Instance, TestContext.Current.CancellationToken);
            return [];
        }
        catch (DiagnosticException failure)
        {
            return [.. failure.Diagnostics.Where(diagnostic => diagnostic.Descriptor.Severity == Severity.Error)];
        }
    }

    private string LineOf(Diagnostic diagnostic) => File.ReadAllLines(_project.Manifest)[diagnostic.Span!.Value.Line - 1].Trim();

    /// <summary>Layouts, and the errors of a setting that runtimes of others do not know.</summary>
    public static TheoryData<string, int> Layouts { get; } =
        new() { { "compressed-tensors", 1 }, { "msmodelslim", 1 }, { "lightx2v", 1 }, { "native", 0 }, { "bf16", 0 } };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Other_runtimes_do_not_rotate(string layout, int errors)
    {
        _project.OutputSection = $""" "layout": "{layout}" """;
        _project.Quantize = """ "rotation": "hadamard32", "smooth": { "share": "site" }, """;

        Diagnostic[] rotation = [.. Errors().Where(error => error.Message.Contains("rotated", StringComparison.Ordinal))];

        Assert.Equal(errors, rotation.Length / 2);
        Assert.All(rotation, error =>
        {
            Assert.Equal("QB1045", error.Descriptor.Code);
            Assert.Contains("rotation to \"none\"", error.Message, StringComparison.Ordinal);
        });
        _project.Quantize = """ "rotation": "auto", "smooth": { "share": "site" }, """;
        Assert.DoesNotContain(Errors(), error => error.Message.Contains("rotated", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Other_runtimes_do_not_round_activations_in_some_bins_only(string layout, int errors)
    {
        _project.OutputSection = $""" "layout": "{layout}" """;
        _project.HighBins = """{ "name": "first", "from": 0, "to": 0.5, "activations": "none" }, "boundary:0.5-1" """;

        Diagnostic[] found = [.. Errors().Where(error => error.Message.Contains("in some bins only", StringComparison.Ordinal))];

        Assert.Equal(errors, found.Length);
        Assert.All(found, error => Assert.Equal("QB1045", error.Descriptor.Code));
        Assert.All(found, error => Assert.Contains("'first' of high_noise", error.Message, StringComparison.Ordinal));
        Assert.All(found, error => Assert.Contains("\"activations\"", LineOf(error), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("compressed-tensors", "lowRank.rank to 0", "smooth to false", "activations.clipRatios to [1.0]")]
    [InlineData("msmodelslim", "lowRank.rank to 0", "activations.clipRatios to [1.0]")]
    [InlineData("lightx2v", "precision to \"w4a4\"", "smooth to false", "activations.clipRatios to [1.0]")]
    [InlineData("bf16")]
    [InlineData("bf16-diffusers")]
    public void Each_layout_names_what_it_cannot_hold(string layout, params string[] cures)
    {
        _project.OutputSection = $""" "layout": "{layout}" """;

        Diagnostic[] errors = Errors();

        Assert.All(errors, error => Assert.Equal("QB1045", error.Descriptor.Code));
        Assert.Equal(cures.Order(StringComparer.Ordinal),
            errors.Select(error => error.Message[(error.Message.IndexOf("set ", StringComparison.Ordinal) + 4)..]).Distinct()
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_place_is_the_setting_or_the_layout_that_its_default_does_not_suit()
    {
        _project.OutputSection = """ "layout": "compressed-tensors" """;
        _project.Overrides = """{ "match": "blocks.0.ffn.0", "lowRank": { "rank": 4 } },""";

        Diagnostic[] errors = Errors();

        Assert.Contains(errors, error => LineOf(error).Contains("\"lowRank\": { \"rank\": 8 }", StringComparison.Ordinal));
        Assert.Contains(errors, error => LineOf(error).Contains("\"rank\": 4", StringComparison.Ordinal)
            && error.Message.Contains("(blocks.0.ffn.0 of high_noise)", StringComparison.Ordinal));
        Assert.Contains(errors, error => LineOf(error).Contains("\"clipRatios\": [0.7, 1.0]", StringComparison.Ordinal));
        Assert.Contains(errors, error => LineOf(error).Contains("\"layout\"", StringComparison.Ordinal)
            && error.Message.Contains("set smooth to false", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "match": "blocks.0.ffn.0", "smooth": false },""", "smooth the same for all layers")]
    [InlineData("""{ "match": "blocks.0.*", "smooth": { "share": "layer" } },""", "smooth.share to \"site\"")]
    [InlineData("""{ "match": "blocks.0.ffn.0", "precision": "w4a16" },""", "precision to \"w4a4\"")]
    public void Model_slim_smooths_all_layers_of_an_expert_alike_or_none(string overrides, string cure)
    {
        _project.OutputSection = """ "layout": "msmodelslim" """;
        _project.ClipRatios = "1.0";
        _project.Overrides = """{ "match": "blocks.0.*", "lowRank": { "rank": 0 } },""" + overrides;

        Assert.All(Errors(), error => Assert.EndsWith(cure, error.Message));
        Assert.NotEmpty(Errors());
    }

    [Theory]
    [InlineData("\"layout\": \"lightx2v\", \"shardSize\": \"1MiB\"", "remove output.shardSize")]
    [InlineData("\"layout\": \"msmodelslim\", \"shardSize\": \"1MiB\"", "remove output.shardSize")]
    [InlineData("\"layout\": \"msmodelslim\", \"keptDtype\": \"f32\"", "set output.keptDtype to \"bf16\", or leave it out")]
    public void Layouts_of_one_file_and_one_type_refuse_another(string output, string cure)
    {
        _project.OutputSection = output;

        Assert.Contains(Errors(), error => error.Message.EndsWith(cure, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("lightx2v")]
    [InlineData("msmodelslim")]
    public void A_size_that_divides_nothing_is_no_obstacle(string layout)
    {
        _project.OutputSection = $""" "layout": "{layout}", "shardSize": "1GiB" """;

        Assert.DoesNotContain(Errors(), error => error.Message.Contains("shardSize", StringComparison.Ordinal));
    }

    [Fact]
    public void The_layout_is_part_of_the_plan()
    {
        _project.Weights = """ "method": "rtn" """;
        _project.Build();
        LockFile native = LockFile.Read(LockFile.PathFor(_project.Manifest))!;
        _project.OutputSection = """ "layout": "bf16" """;
        TinyProject.Outcome again = _project.Build();

        Assert.NotEqual(native.Plan, LockFile.Read(LockFile.PathFor(_project.Manifest))!.Plan);
        Assert.Equal(["Pack high_noise high_noise", "Pack low_noise low_noise"], again.RanNames);
    }
}
