using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>
/// Shards that somebody cuts short in place while a build reads them: a diagnostic, never a signal that ends the process.
/// </summary>
public sealed class ShrinkingInputTests
{
    [Theory]
    [InlineData("Trajectory")]
    [InlineData("LowRank")]
    [InlineData("Gptq")]
    [InlineData("Measure")]
    public void A_shard_cut_short_during_a_build_is_a_diagnostic(string stage)
    {
        using var model = new ReducedModel();
        var checkpoint = new CheckpointCopy(model);
        byte[][] whole =
            [File.ReadAllBytes(checkpoint[CheckpointCopy.LowNoise]), File.ReadAllBytes(checkpoint[CheckpointCopy.SecondShard])];
        using RunningProcess build = model.Start("--threads", "1");
        Assert.True(build.WaitForLines(1, $"\"stage\":\"{stage}\""));

        Cut(checkpoint[CheckpointCopy.LowNoise]);
        Cut(checkpoint[CheckpointCopy.SecondShard]);
        Outcome outcome = build.Wait().Expect(1);

        Assert.Contains("QB4007", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("QB9001", outcome.Out, StringComparison.Ordinal);
        File.WriteAllBytes(checkpoint[CheckpointCopy.LowNoise], whole[0]);
        File.WriteAllBytes(checkpoint[CheckpointCopy.SecondShard], whole[1]);
        model.Build().Expect(0);
        string bytes = ReducedModel.Bytes(model.Output);
        model.Build("--store", model["fresh store"], "--out", model["fresh"]).Expect(0);
        Assert.Equal(ReducedModel.Bytes(model["fresh"]), bytes);
    }

    private static void Cut(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(4096);
    }
}
