using System.Text.Json;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class LookingTests
{
    [Fact]
    public void Plan_says_what_a_build_would_do_without_doing_it()
    {
        using var model = new ReducedModel();

        JsonElement before = Json(Tool.Run(model.Folder, "plan", model.Manifest, "--store", model.Store, "--json").Expect(0));
        ActionLine[] built = ActionLine.Parse(model.Build().Expect(0));
        JsonElement after = Json(Tool.Run(model.Folder, "plan", model.Manifest, "--store", model.Store, "--json").Expect(0));
        Outcome table = Tool.Run(model.Folder, "plan", "--store", model.Store).Expect(0);

        Assert.Equal(built.Length, before.GetProperty("actions").GetInt32());
        Assert.Equal(built.Length, before.GetProperty("missing").GetInt32());
        Assert.Equal(0, after.GetProperty("missing").GetInt32());
        Assert.Matches(@"low_noise +blocks\.0\.ffn\.2 +192x512 +w4a4 +4 +gptq .*cached", table.Out);
        Assert.Matches(@"low_noise +blocks\.1\.ffn\.2 +192x512 +bf16 ", table.Out);
    }

    [Fact]
    public void Why_names_the_changed_part_of_the_key()
    {
        using var model = new ReducedModel();
        model.Build().Expect(0);
        model.Write(ReducedModel.Text(rank: 8));

        Outcome outcome = Tool.Run(model.Folder, "why", "blocks.0.ffn.2", "--store", model.Store).Expect(0);

        Assert.Matches(@"LowRank .*to run", outcome.Out);
        Assert.Matches(@"rank: 4 became 8", outcome.Out);
    }

    [Fact]
    public void Verify_finds_one_changed_byte_of_an_artifact()
    {
        using var model = new ReducedModel();
        model.Build().Expect(0);
        Tool.Run(model.Folder, "verify", model.Output).Expect(0);
        string file = Directory.EnumerateFiles(Path.Combine(model.Output, "low_noise_model"), "*.safetensors").First();
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.Delete(file);
        File.WriteAllBytes(file, bytes);

        Outcome outcome = Tool.Run(model.Folder, "verify", model.Output).Expect(1);

        Assert.Contains("error QB4011", outcome.Out, StringComparison.Ordinal);
        Assert.Single(outcome.Lines, line => line.StartsWith("damaged", StringComparison.Ordinal));
    }

    [Fact]
    public void A_part_of_a_build_done_again_gives_the_same_bytes()
    {
        using var model = new ReducedModel();
        model.Build().Expect(0);

        Outcome outcome = Tool.Run(model.Folder, "verify", "--recompute", "20%", "--seed", "7", "--store", model.Store).Expect(0);

        Assert.Matches(@"[1-9]\d* of \d+ actions done again \(seed 7\): 0 gave other bytes", outcome.Out);
    }

    [Fact]
    public void Inspect_shows_artifacts_checkpoints_and_files()
    {
        using var model = new ReducedModel();
        model.Build().Expect(0);

        Outcome artifact = Tool.Run(model.Folder, "inspect", model.Output).Expect(0);
        JsonElement tensors = Json(Tool.Run(model.Folder, "inspect", Path.Combine(model.Output, "high_noise_model"), "--json").Expect(0));
        Outcome checkpoint = Tool.Run(model.Folder, "inspect", Repository.PathOf("models", "TinyWan", "checkpoint")).Expect(0);
        Outcome other = Tool.Run(model.Folder, "inspect", model.Manifest).Expect(1);

        Assert.Matches(@"blocks\.0\.ffn\.2 +w4a4 +4 +(none|hadamard32) +(0\.8|1) ", artifact.Out);
        Assert.Contains(tensors.GetProperty("files")[0].GetProperty("tensors").EnumerateArray(),
            tensor => tensor.GetProperty("name").GetString() == "blocks.0.ffn.2.weight_packed" && tensor.GetProperty("dtype")
            .GetString() == "U8");
        Assert.Matches(@"head\.head\.weight +BF16 ", checkpoint.Out);
        Assert.Contains("error QB2004", other.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cache_can_be_counted_checked_and_emptied()
    {
        using var model = new ReducedModel();
        int actions = ActionLine.Parse(model.Build().Expect(0)).Select(action => action.Key).Distinct().Count();

        Outcome stat = Cache("stat");
        Outcome verify = Cache("verify");
        Outcome prune = Cache("prune", "--max-size", "1GiB", "--older-than", "1d");
        Outcome clear = Cache("clear", "--yes");
        Outcome dir = Cache("dir");

        Assert.Contains($"{actions} actions, ", stat.Out, StringComparison.Ordinal);
        Assert.Contains(": 0 damaged", verify.Out, StringComparison.Ordinal);
        Assert.StartsWith("removed 0 actions", prune.Out, StringComparison.Ordinal);
        Assert.StartsWith($"removed {actions} actions", clear.Out, StringComparison.Ordinal);
        Assert.Equal(model.Store, dir.Out.Trim());

        Outcome Cache(params string[] arguments) => Tool.Run(model.Folder, ["cache", .. arguments, "--store", model.Store]).Expect(0);
    }

    private static JsonElement Json(Outcome outcome) => JsonDocument.Parse(outcome.Out).RootElement;
}
