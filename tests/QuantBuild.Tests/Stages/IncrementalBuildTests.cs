namespace QuantBuild.Tests.Stages;

public sealed class IncrementalBuildTests
{
    [Fact]
    public void A_second_build_runs_nothing_and_changes_no_byte()
    {
        using var project = new TinyProject();
        TinyProject.Outcome first = project.Build();
        IReadOnlyDictionary<string, string> bytes = project.ArtifactDigests();

        TinyProject.Outcome second = project.Build();

        Assert.Equal(first.Result.Actions.Count, first.Ran.Count);
        Assert.Empty(second.Ran);
        Assert.False(second.Result.LockChanged);
        Assert.Equal(bytes, project.ArtifactDigests());
    }

    [Fact]
    public void A_candidate_ratio_more_runs_only_Clip_and_what_its_choices_change()
    {
        using var project = new TinyProject();
        project.Build();

        project.ClipRatios = "0.7, 0.85, 1.0";
        TinyProject.Outcome build = project.Build();

        Assert.Equal(2 * 10 * 2, build.Ran.Count(action => action.Stage == "Clip"));
        Assert.Equal(["Clip", "Measure", "Pack"], build.Ran.Select(action => action.Stage).Distinct().Order());
    }

    [Fact]
    public void A_layers_rank_runs_only_that_layer_and_packs_its_expert()
    {
        using var project = new TinyProject();
        project.Build();

        project.Overrides = """{ "match": "blocks.0.ffn.2", "experts": ["low_noise"], "lowRank": { "rank": 12 } }""";
        TinyProject.Outcome build = project.Build();

        Assert.Equal(
        [
            "Clip low_noise blocks.0.ffn.2/boundary",
            "Clip low_noise blocks.0.ffn.2/late",
            "Gptq low_noise blocks.0.ffn.2",
            "LowRank low_noise blocks.0.ffn.2",
            "Measure low_noise blocks.0.ffn.2",
            "Pack low_noise low_noise",
        ], build.RanNames);
    }

    [Fact]
    public void A_bins_edge_runs_only_Clip_and_later_of_that_expert()
    {
        using var project = new TinyProject();
        project.Build();

        project.LowBins = """ "all:0-1" """;
        TinyProject.Outcome build = project.Build();

        Assert.All(build.Ran, action => Assert.Equal("low_noise", action.Expert));
        Assert.Equal(["Clip", "Measure", "Pack"], build.Ran.Select(action => action.Stage).Distinct().Order());
        Assert.Equal(10, build.Ran.Count(action => action.Stage == "Clip"));
    }

    [Fact]
    public void Names_of_bins_and_gates_run_nothing()
    {
        using var project = new TinyProject();
        project.Build();

        project.HighBins = """ "first:0-0.5", "second:0.5-1" """;
        project.Gates = """ "maxRelativeError": 0.9 """;
        TinyProject.Outcome build = project.Build();

        Assert.Empty(build.Ran);
    }

    [Fact]
    public void Damp_runs_Gptq_and_what_is_behind_it()
    {
        using var project = new TinyProject();
        project.Build();

        project.Weights = """ "method": "gptq", "damp": 0.05 """;
        TinyProject.Outcome build = project.Build();

        Assert.Equal(["Clip", "Gptq", "Measure", "Pack"], build.Ran.Select(action => action.Stage).Distinct().Order());
    }

    [Fact]
    public void The_block_size_of_Gptq_is_only_a_matter_of_speed()
    {
        using var project = new TinyProject();
        project.Build();

        project.Weights = """ "method": "gptq", "blockSize": 32 """;

        Assert.Empty(project.Build().Ran);
    }

    [Fact]
    public void A_sample_more_runs_only_its_own_trajectory_and_what_reads_it()
    {
        using var project = new TinyProject();
        project.Build();

        project.Samples = 3;
        TinyProject.Outcome build = project.Build();

        Assert.Equal(["Trajectory  sample 002"], build.RanNames.Where(name => name.StartsWith("Trajectory", StringComparison.Ordinal)));
        Assert.Contains(build.Ran, action => action.Stage == "Gptq");
    }

    [Fact]
    public void A_damaged_blob_is_a_miss_and_is_made_again_with_the_same_bytes()
    {
        using var project = new TinyProject();
        TinyProject.Outcome first = project.Build();
        IReadOnlyDictionary<string, string> bytes = project.ArtifactDigests();
        Directory.Delete(project.Output, recursive: true);
        string[] blobs = [.. Directory.EnumerateFiles(Path.Combine(project.Store, "blobs"), "*", SearchOption.AllDirectories)
            .Where(path => new FileInfo(path).Length > 2000).Order(StringComparer.Ordinal).Take(12)];
        foreach (string blob in blobs)
        {
            Writable(blob);
            byte[] content = File.ReadAllBytes(blob);
            content[^7] ^= 1;
            File.WriteAllBytes(blob, content);
        }

        TinyProject.Outcome second = project.Build();

        Assert.InRange(second.Ran.Count, 1, first.Ran.Count - 1);
        Assert.Equal(bytes, project.ArtifactDigests());
    }

    private static void Writable(string path)
    {
        if (OperatingSystem.IsWindows())
            File.SetAttributes(path, FileAttributes.Normal);
        else
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
