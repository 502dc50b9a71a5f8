using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>The commands that help to decide: gates, suggest, diff.</summary>
public sealed class DecidingTests
{
    [Fact]
    public void Gates_are_set_by_what_was_measured_a_suggestion_is_applied_and_the_next_build_differs_by_it()
    {
        using var model = new ReducedModel();
        // The same two layers are quantized, but no override decides about them.
        model.Write(ReducedModel.Text().Replace("\"match\": \"*\"", "\"match\": \"blocks.1-5.*\"", StringComparison.Ordinal)
            .Replace("\"blocks.0.ffn.*\", \"precision\": \"w4a4\"", "\"blocks.0.*_attn.*\", \"precision\": \"bf16\"",
                StringComparison.Ordinal));
        model.Build().Expect(0);

        Tool.Run(model.Folder, "gates", "--update", "--store", model.Store).Expect(0);
        Outcome gates = Tool.Run(model.Folder, "gates", "--store", model.Store).Expect(0);
        Outcome suggestion = Tool.Run(model.Folder, "suggest", "--size", "1GiB", "--ranks", "8", "--max-16bit", "0", "--apply", "--store",
            model.Store).Expect(0);
        model.Build().Expect(0);
        Outcome difference = Tool.Run(model.Folder, "diff", "--store", model.Store, "--markdown").Expect(0);

        Assert.Matches(@"maxRelativeError +\* +all as one +error", gates.Out);
        Assert.Matches(@"built +0\.\d+ ", suggestion.Out);
        Assert.Contains("rank: 4 → 8", difference.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_contradicts_itself_is_wrong_usage()
    {
        using var model = new ReducedModel();

        Tool.Run(model.Folder, "suggest", "--size", "7MiB", "--target-error", "0.05").Expect(2);
        Tool.Run(model.Folder, "suggest", "--size", "many").Expect(2);
        Tool.Run(model.Folder, "gates", "--margin", "5%").Expect(2);
    }
}
