using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Suggestions;
using QuantBuild.Tests.Manifests;

namespace QuantBuild.Tests.Suggestions;

public sealed class OverrideLinesTests
{
    private static readonly Dictionary<string, int> Blocks = new() { ["high_noise"] = 4, ["low_noise"] = 4 };

    [Fact]
    public void Neighbouring_blocks_are_ranges_and_equal_experts_one_entry()
    {
        SuggestedChange[] changes =
        [
            .. new[] { 0, 1, 2, 3 }.SelectMany(block =>
                new[] { Change("high_noise", block, "ffn.2", 32), Change("low_noise", block, "ffn.2", 32) }),
            Change("low_noise", 0, "self_attn.o", 64), Change("low_noise", 2, "self_attn.o", 64), Change("low_noise", 3, "self_attn.o", 64),
            Change("high_noise", 2, "self_attn.o", 64), Change("high_noise", 3, "self_attn.o", 64),
            Change("high_noise", 1, "cross_attn.k", 0, Precision.BF16),
        ];

        IReadOnlyList<string> lines = OverrideLines.Of(changes, Blocks);

        Assert.Equal(
            [
                "{ \"match\": \"blocks.1.cross_attn.k\", \"experts\": [\"high_noise\"], \"precision\": \"bf16\" }",
                "{ \"match\": \"blocks.*.ffn.2\", \"lowRank\": { \"rank\": 32 } }",
                "{ \"match\": \"blocks.0.self_attn.o\", \"experts\": [\"low_noise\"], \"lowRank\": { \"rank\": 64 } }",
                "{ \"match\": \"blocks.2-3.self_attn.o\", \"lowRank\": { \"rank\": 64 } }",
            ], lines);
    }

    [Fact]
    public void The_lines_mean_exactly_the_changes()
    {
        var random = new Random(3);
        string[] modules = ["self_attn.q", "self_attn.o", "ffn.0", "ffn.2"];
        SuggestedChange[] changes = [.. from expert in Blocks.Keys from block in Enumerable.Range(0, 4) from module in modules
                                        where random.Next(2) == 0 select Change(expert, block, module, random.Next(2) == 0 ? 32 : 64)];

        OverrideSection[] sections =
            [.. ManifestText
                .Valid(ManifestText.With($"\"overrides\": [{string.Join(", ", OverrideLines.Of(changes, Blocks))}]")).Overrides];

        foreach ((string expert, int block, string module) in from expert in Blocks.Keys from block in Enumerable.Range(0,
            4) from module in modules select (expert, block, module))
        {
            string name = $"blocks.{block}.{module}";
            int?[] ranks = [.. sections.Where(section => (section.Experts.IsEmpty || section.Experts.Contains(expert))
                && LayerPattern.TryParse(section.Match, out LayerPattern? pattern, out _) && pattern.IsMatch(name))
                .Select(section => section.Patch.Find(RecipeSettings.Rank))];
            Assert.Equal(changes.Where(change => change.Expert == expert && change.Layer == name).Select(change => (int?)change.Then.Rank),
                ranks);
        }
    }

    private static SuggestedChange Change(string expert, int block, string module, int rank, Precision precision = Precision.W4A4) =>
        new(expert, $"blocks.{block}.{module}", new LayerOption(Precision.W4A4, 16, 0.1, 100, 0),
            new LayerOption(precision, rank, 0.05, 120, 0));
}
