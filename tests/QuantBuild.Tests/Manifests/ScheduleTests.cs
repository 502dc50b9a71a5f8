using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Tests.Manifests;

/// <summary>The calibration's schedule, and where it changes experts.</summary>
public sealed class ScheduleTests
{
    private const string FourSteps = "\"solver\": \"euler\", \"timesteps\": [1000, 937, 833, 625]";

    [Theory]
    [InlineData(1, 969)]
    [InlineData(2, 885)]
    [InlineData(3, 729)]
    public void Steps_of_the_high_noise_expert_put_the_boundary_half_way_to_the_next(int steps, int boundary)
    {
        QuantManifest manifest = ManifestText.Valid(With($"{FourSteps}, \"highNoiseSteps\": {steps}"));

        Assert.Equal(boundary, manifest.Model.BoundaryTimestep);
        Assert.Equal(steps, manifest.Calibration.Timesteps.Count(timestep => timestep >= boundary));
    }

    [Fact]
    public void Steps_count_in_a_schedule_of_steps_and_shift_and_bins_may_be_timesteps_of_it()
    {
        QuantManifest manifest = ManifestText.Valid(With("\"steps\": 4, \"highNoiseSteps\": 3")
            .Replace("\"high_noise\": {}", "\"high_noise\": { \"bins\": [{ \"name\": \"all\", \"timesteps\": [999, 729] }] }",
                StringComparison.Ordinal));

        Assert.Equal(729, manifest.Model.BoundaryTimestep);
        Assert.Equal(manifest.Calibration.BoundaryTimestep, manifest.Model.BoundaryTimestep);
    }

    [Fact]
    public void The_architecture_gives_boundary_and_shift()
    {
        QuantManifest manifest = ManifestText.Valid(ManifestText.Minimal.Replace("\"source\"", "\"architecture\": \"wan2.2-t2v\", \"source\"",
            StringComparison.Ordinal));

        Assert.Equal((875, 12.0, 40), (manifest.Model.BoundaryTimestep, manifest.Calibration.Shift, manifest.Calibration.Steps));
    }

    [Theory]
    [InlineData("\"highNoiseSteps\": 4", "QB1014: 'calibration.highNoiseSteps' is 4, but must be less than the number of steps, 4: the "
        + "low-noise expert has the rest")]
    [InlineData("\"highNoiseSteps\": 0", "QB1014: 'calibration.highNoiseSteps' is 0, but must be between 1 and 999")]
    [InlineData("\"steps\": 4", "QB1038: 'calibration.steps' and 'calibration.timesteps' exclude each other")]
    [InlineData("\"shift\": 3", "QB1038: 'calibration.shift' and 'calibration.timesteps' exclude each other")]
    public void What_does_not_fit_a_schedule_of_timesteps_is_told(string key, string expected) =>
        Assert.Equal(expected, ManifestText.Problem(With($"{FourSteps}, {key}")));

    [Fact]
    public void A_boundary_and_a_number_of_steps_exclude_each_other() =>
        Assert.Equal("QB1065: 'model.boundary' and 'calibration.highNoiseSteps' exclude each other", ManifestText.Problem(
            With($"{FourSteps}, \"highNoiseSteps\": 2").Replace("\"source\"", "\"boundary\": 0.9, \"source\"", StringComparison.Ordinal)));

    [Fact]
    public void A_number_of_steps_that_ends_within_one_timestep_is_told() =>
        Assert.Equal("QB1014: 'calibration.highNoiseSteps' is 1, but must be another number: steps 1 and 2 are both at timestep 999",
            ManifestText.Problem(With("\"steps\": 1000, \"highNoiseSteps\": 1")));

    private static string With(string keys) => ManifestText.Minimal.Replace("\"data\"", keys + ", \"data\"", StringComparison.Ordinal);
}
