using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Tests.Store;

namespace QuantBuild.Tests.Artifacts;

public sealed class LockFileTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static Digest DigestOf(string text) => Digest.Of(Encoding.UTF8.GetBytes(text));

    private static LockedLayer Layer(string name, int rank) => new(name, new JsonObject { ["precision"] = "w4a4", ["rank"] = rank },
        ImmutableSortedDictionary<string, Digest>.Empty.Add("gptq", DigestOf($"gptq {name} {rank}"))
            .Add("clip", DigestOf($"clip {name} {rank}")));

    private static LockFile Example(int rank = 16) =>
        new("0.1.0", new ProfileNames("cpu-1", "cpu-1"), DigestOf($"plan {rank}"), [DigestOf("s0"), DigestOf("s1")],
    [
        new LockedExpert("low_noise", DigestOf("low"), [], []),
        new LockedExpert("high_noise", DigestOf("high"), [Layer("blocks.1.ffn.2", rank), Layer("blocks.0.ffn.2", 16)],
            [new PackedFile("high_noise_model/config.json", new BlobRef(DigestOf("config"), 12))]),
    ]);

    [Fact]
    public void A_manifests_lock_file_is_beside_it() =>
        Assert.Equal(Path.Combine("a b", "tinywan.quant.lock.json"), LockFile.PathFor(Path.Combine("a b", "tinywan.quant.json")));

    [Fact]
    public void A_lock_file_comes_back_as_it_went_in()
    {
        string path = _folder.PathTo("x.quant.lock.json");

        Assert.True(Example().Write(path));
        LockFile? read = LockFile.Read(path);

        Assert.NotNull(read);
        Assert.Equal(Example().ToJson(), read.ToJson());
        Assert.Equal(["high_noise", "low_noise"], read.Experts.Select(expert => expert.Name));
        Assert.Equal(DigestOf("gptq blocks.1.ffn.2 16"), read.Experts[0].Layers[1].Outputs["gptq"]);
        Assert.Equal(Example().Experts[1].Files, read.Experts[0].Files);
    }

    [Fact]
    public void The_bytes_do_not_depend_on_the_order_of_the_parts()
    {
        LockFile example = Example();
        LockFile turned = example with
        {
            Experts = [.. example.Experts.Reverse().Select(expert => expert with { Layers = [.. expert.Layers.Reverse()] })],
        };

        Assert.Equal(example.ToJson(), turned.ToJson());
        Assert.Empty(LockFile.Difference(example, turned));
    }

    [Fact]
    public void An_unchanged_file_is_not_written_even_when_a_checkout_turned_its_line_ends()
    {
        string path = _folder.PathTo("x.quant.lock.json");
        Example().Write(path);
        File.WriteAllText(path, File.ReadAllText(path).Replace("\n", "\r\n", StringComparison.Ordinal));
        byte[] before = File.ReadAllBytes(path);

        Assert.False(Example().Write(path));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.True(Example(32).Write(path));
        Assert.Equal(Example(32).ToJson(), File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(_folder.Base));
    }

    [Fact]
    public void A_byte_order_mark_that_an_editor_wrote_is_no_difference()
    {
        string path = _folder.PathTo("x.quant.lock.json");
        byte[] marked = [0xef, 0xbb, 0xbf, .. Example().ToJson()];
        File.WriteAllBytes(path, marked);

        Example().RequireUnchanged(path);

        Assert.False(Example().Write(path));
        Assert.Equal(marked, File.ReadAllBytes(path));
    }

    [Fact]
    public void Differences_name_the_place_and_both_values()
    {
        LockFile before = Example();
        LockFile after = Example(32) with { Tool = "0.2.0" };
        after = after with
        {
            Experts = [after.Experts[0], after.Experts[1] with { Layers = [after.Experts[1].Layers[0], Layer("blocks.2.ffn.2", 16)] }],
        };

        ImmutableArray<string> lines = LockFile.Difference(before, after);

        Assert.Equal(
        [
            "high_noise / blocks.0.ffn.2: gone",
            $"high_noise / blocks.1.ffn.2 / outputs / clip: {DigestOf("clip blocks.1.ffn.2 16").Short} -> "
                + $"{DigestOf("clip blocks.1.ffn.2 32").Short}",
            $"high_noise / blocks.1.ffn.2 / outputs / gptq: {DigestOf("gptq blocks.1.ffn.2 16").Short} -> "
                + $"{DigestOf("gptq blocks.1.ffn.2 32").Short}",
            "high_noise / blocks.1.ffn.2 / rank: 16 -> 32",
            "high_noise / blocks.2.ffn.2: new",
            $"plan: {DigestOf("plan 16").Short} -> {DigestOf("plan 32").Short}",
            "tool: \"0.1.0\" -> \"0.2.0\"",
        ], lines);
    }

    [Fact]
    public void Locked_mode_accepts_the_same_and_refuses_a_difference_or_no_file()
    {
        string path = _folder.PathTo("x.quant.lock.json");
        Assert.Equal("QB4021", CodeOf(() => Example().RequireUnchanged(path)));
        Example().Write(path);

        Example().RequireUnchanged(path);

        var failure = Assert.Throws<DiagnosticException>(() => Example(32).RequireUnchanged(path));
        Assert.Equal("QB4020", failure.Diagnostics[0].Descriptor.Code);
        Assert.Equal(path, failure.Diagnostics[0].Span!.Value.File);
        Assert.Contains("rank: 16 -> 32", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_file_of_an_earlier_version_says_so_and_what_to_do()
    {
        string path = _folder.WriteFile("x.quant.lock.json", Encoding.UTF8.GetBytes(
            """{"calibration":[],"experts":{},"format":1,"numericProfile":"cpu-1","plan":"0","tool":"0.1.0"}"""));

        Diagnostic problem = Assert.Throws<DiagnosticException>(() => LockFile.Read(path)).Diagnostics[0];

        Assert.Equal("QB4022: the lock file cannot be read: it has format 1, of another version of QuantBuild; this one knows 2",
            $"{problem.Descriptor.Code}: {problem.Message}");
        Assert.Contains("build without --locked", problem.Descriptor.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\n<<<<<<< ours\n}")]
    [InlineData("""{"format":3}""")]
    [InlineData("""{"format":2,"format":2}""")]
    [InlineData("""{"format":2,"tool":"t","profiles":{"model":"p","layers":"p"},"plan":"xyz","calibration":[],"experts":{}}""")]
    [InlineData("""{"format":2,"tool":"t","numericProfile":"p","plan":"xyz","calibration":[],"experts":{}}""")]
    public void A_damaged_lock_file_is_an_error_with_its_file(string text)
    {
        string path = _folder.WriteFile("x.quant.lock.json", Encoding.UTF8.GetBytes(text));

        var failure = Assert.Throws<DiagnosticException>(() => LockFile.Read(path));

        Assert.Equal("QB4022", failure.Diagnostics[0].Descriptor.Code);
        Assert.Equal(path, failure.Diagnostics[0].Span!.Value.File);
    }

    [Fact]
    public void A_conflict_marker_is_reported_with_its_line()
    {
        string path = _folder.WriteFile("x.quant.lock.json", "{\n<<<<<<< ours\n}"u8.ToArray());

        Assert.Contains("(2,1): error QB4022", Assert.Throws<DiagnosticException>(() => LockFile.Read(path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_in_place_of_the_lock_file_is_an_error()
    {
        Directory.CreateDirectory(_folder.PathTo("x.quant.lock.json"));

        Assert.StartsWith("QB40", CodeOf(() => Example().Write(_folder.PathTo("x.quant.lock.json"))));
    }

    private static string CodeOf(Action action) => Assert.Throws<DiagnosticException>(action).Diagnostics.Single().Descriptor.Code;
}
