using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class BadInputTests
{
    [Fact]
    public void A_missing_shard_is_a_diagnostic() =>
        Expect("QB2004", (checkpoint, _) => File.Delete(checkpoint[CheckpointCopy.SecondShard]));

    [Fact]
    public void A_truncated_shard_is_a_diagnostic() => Expect("QB2004", (checkpoint, _) =>
    {
        using FileStream shard = File.OpenWrite(checkpoint[CheckpointCopy.SecondShard]);
        shard.SetLength(shard.Length - 1000);
    });

    [Fact]
    public void Weights_of_another_type_are_a_diagnostic() =>
        Expect("QB2009", (checkpoint, _) =>
            checkpoint.ReplaceInHeader(CheckpointCopy.LowNoise, "\"dtype\":\"BF16\"", "\"dtype\": \"I16\""));

    [Fact]
    public void Weights_of_another_shape_are_a_diagnostic() => Expect("QB2008", (checkpoint, _) =>
    {
        string config = checkpoint["low_noise_model/config.json"];
        string text = File.ReadAllText(config);
        Assert.Contains("512", text, StringComparison.Ordinal);
        File.WriteAllText(config, text.Replace("512", "1024", StringComparison.Ordinal));
    });

    [Fact]
    public void A_weight_that_is_not_a_number_is_a_diagnostic_with_its_expert() =>
        Expect("QB3", (checkpoint, _) => checkpoint.PutNaN(CheckpointCopy.LowNoise, "blocks.0.ffn.2.weight"), "low_noise");

    [Fact]
    public void A_missing_checkpoint_is_a_diagnostic() =>
        Expect("QB2001", (checkpoint, _) => Directory.Delete(checkpoint["."], recursive: true));

    [Fact]
    public void An_empty_calibration_set_is_a_diagnostic() =>
    Expect("QB3103", (_, model) => File.WriteAllText(model["calibration.jsonl"], ""));

    [Fact]
    public void A_sample_without_tensors_is_a_diagnostic() =>
        Expect("QB3104", (_, model) => File.WriteAllText(model["calibration.jsonl"], """{"id":99,"prompt":"nothing"}""" + "\n"));

    [Fact]
    public void A_damaged_calibration_set_is_a_diagnostic() =>
        Expect("QB3101", (_, model) => File.WriteAllText(model["calibration.safetensors"], "no tensors"));

    [Fact]
    public void The_store_can_be_moved_by_an_environment_variable()
    {
        using var model = new ReducedModel();

        Tool.Run(model.Folder, Environments.With(("QUANTBUILD_CACHE", model["elsewhere"])), "build", "--out", model.Output).Expect(0);

        Assert.True(Directory.Exists(model["elsewhere", "actions"]));
    }

    private static void Expect(string code, Action<CheckpointCopy, ReducedModel> damage, string detail = "")
    {
        using var model = new ReducedModel();
        var checkpoint = new CheckpointCopy(model);
        damage(checkpoint, model);

        Outcome outcome = Tool.Run(model.Folder, "build", "--out", model.Output, "--store", model.Store).Expect(1);

        Assert.True(outcome.Lines.Any(line => line.Contains($": error {code}", StringComparison.Ordinal)
            && line.Contains(detail, StringComparison.Ordinal)), outcome.Out);
        Assert.DoesNotContain("QB9001", outcome.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(model.Output, "artifact.json")));
    }
}
