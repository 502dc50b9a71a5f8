using QuantBuild.Artifacts;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Sampling;

public sealed class ScheduleTests
{
    [Fact]
    public void Explicit_timesteps_are_visited_at_their_noise_levels()
    {
        FlowSchedule schedule = new SamplingOptions { Timesteps = [1000, 937, 833, 625], Solver = SolverKind.Euler }.Schedule();

        Assert.Equal([1000, 937, 833, 625], schedule.Timesteps);
        Assert.Equal([1f, 0.937f, 0.833f, 0.625f, 0f], schedule.Sigmas);
    }

    [Theory]
    [InlineData(1001)]
    [InlineData(0)]
    [InlineData(500, 500)]
    [InlineData(500, 600)]
    public void Timesteps_must_fall_within_their_range(params int[] timesteps) =>
        Assert.Throws<ArgumentException>(() => FlowSchedule.Of(timesteps));

    [Fact]
    public void UniPC_cannot_begin_in_pure_noise()
    {
        Assert.Throws<ArgumentException>(() => new SamplingOptions { Timesteps = [1000, 500] }.Schedule());
        Assert.Equal(2, new SamplingOptions { Timesteps = [999, 500] }.Schedule().Timesteps.Count);
    }

    [Fact]
    public void The_steps_of_a_schedule_given_as_timesteps_are_those_of_the_schedule()
    {
        FlowSchedule even = FlowSchedule.Create(4, 5);
        var same = FlowSchedule.Of(even.Timesteps);

        Assert.All(even.Sigmas.Zip(same.Sigmas), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [Fact]
    public void LCM_predicts_the_clean_sample_and_adds_noise_anew()
    {
        var schedule = FlowSchedule.Of([1000, 500]);
        float[] noise = [.. Enumerable.Range(0, 32).Select(i => i * 0.1f)];
        var solver = new LcmSolver(schedule, noise);
        float[] sample = [.. noise], velocity = [.. Enumerable.Repeat(0.25f, 32)];

        solver.Step(velocity, sample);
        float[] drawn = GaussianNoise.Draw(BitConverter.SingleToInt32Bits(noise[0]) + 1, 32);
        for (int i = 0; i < sample.Length; i++)
            Assert.Equal((0.5 * (noise[i] - 0.25)) + (0.5 * drawn[i]), sample[i], 1e-6);

        float[] before = [.. sample];
        solver.Step(velocity, sample);
        for (int i = 0; i < sample.Length; i++)
            Assert.Equal(before[i] - (0.5 * 0.25), sample[i], 1e-6);
        Assert.Throws<InvalidOperationException>(() => solver.Step(velocity, sample));
    }

    [Fact]
    public void A_straight_flow_is_solved_exactly_by_every_solver()
    {
        // Velocity noise - clean: every prediction of the clean sample is right.
        float[] clean = [.. Enumerable.Range(0, 32).Select(i => (i % 5) - 2f)];
        foreach (SolverKind kind in Enum.GetValues<SolverKind>())
        {
            FlowSchedule schedule = new SamplingOptions { Timesteps = [999, 800, 400], Solver = kind }.Schedule();
            float[] noise = GaussianNoise.Draw(3, 32);
            float[] sample = [.. noise.Zip(clean, (n, c) => (float)((schedule.Sigmas[0] * n) + ((1 - schedule.Sigmas[0]) * c)))];
            ISolver solver = kind switch
            {
                SolverKind.Euler => new EulerSolver(schedule),
                SolverKind.UniPc => new UniPcSolver(schedule),
                _ => new LcmSolver(schedule, noise),
            };
            for (int step = 0; step < 3; step++)
                solver.Step([.. sample.Zip(clean, (x, c) => (x - c) / schedule.Sigmas[step])], sample);
            Assert.All(sample.Zip(clean), pair => Assert.Equal(pair.Second, pair.First, 1e-4));
        }
    }

    [Fact]
    public void An_artifacts_schedule_becomes_the_samplers()
    {
        SamplingOptions options = SamplingOptions.Of(new ArtifactSampling("lcm", 4, 5) { Timesteps = [1000, 750, 500, 250] });

        Assert.Equal((SolverKind.Lcm, 4), (options.Solver, options.Schedule().Timesteps.Count));
        Assert.Equal(SolverKind.UniPc, SamplingOptions.Of(new ArtifactSampling("unipc", 40, 5)).Solver);
    }
}
