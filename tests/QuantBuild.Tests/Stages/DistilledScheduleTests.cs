using QuantBuild.Artifacts;

namespace QuantBuild.Tests.Stages;

/// <summary>Models distilled to a few steps: calibration at explicit timesteps, which the artifact then carries.</summary>
public sealed class DistilledScheduleTests
{
    [Fact]
    public void A_build_at_explicit_timesteps_records_these_steps_and_says_so_in_the_descriptor()
    {
        using var project = new TinyProject { Steps = """ "timesteps": [1000, 937, 833, 625], "solver": "euler" """ };
        IReadOnlyList<string> ran = project.Build().RanNames;
        ArtifactDescriptor descriptor = ArtifactDescriptor.Parse(File.ReadAllBytes(Path.Combine(project.Output, "artifact.json")));

        Assert.Contains(ran, name => name.StartsWith("Trajectory", StringComparison.Ordinal));
        Assert.Equal([1000, 937, 833, 625], descriptor.Sampling.Timesteps);
        Assert.Equal(("euler", 4), (descriptor.Sampling.Solver, descriptor.Sampling.Steps));
        // Two steps of each expert: one per bin.
        Assert.Equal([2, 2], descriptor.Experts.Values.Select(expert => expert.Bins.Length));
        Assert.Empty(project.Build().Ran);

        project.Steps = """ "timesteps": [1000, 937, 833, 624], "solver": "euler" """;
        Assert.Contains(project.Build().RanNames, name => name.StartsWith("Trajectory", StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_noise_levels_by_steps_and_by_timesteps_give_nearly_the_same_artifact_under_other_keys()
    {
        using var project = new TinyProject { Steps = """ "steps": 4, "solver": "lcm" """ };
        Assert.NotEmpty(project.Build().Ran);
        project.Steps = """ "timesteps": [999, 937, 832, 624], "solver": "lcm" """;
        Assert.NotEmpty(project.Build().Ran);
    }
}
