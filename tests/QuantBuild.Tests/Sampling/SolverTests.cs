using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Sampling;

public class SolverTests
{
    [Theory]
    [InlineData(40, 5)]
    [InlineData(20, 3)]
    public void UniPc_follows_the_official_scheduler(int steps, double shift)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("sampler.safetensors"));
        string prefix = $"steps{steps}_shift{shift}.";
        float[] velocities = golden.ReadFloat32(prefix + "model_output");
        float[] expected = golden.ReadFloat32(prefix + "sample");
        float[] sample = golden.ReadFloat32(prefix + "initial");
        var solver = new UniPcSolver(FlowSchedule.Create(steps, shift));

        for (int step = 0; step < steps; step++)
        {
            solver.Step(velocities.AsSpan(step * sample.Length, sample.Length), sample);
            Close.Assert(expected.AsSpan(step * sample.Length, sample.Length), sample, 1e-4);
        }
    }

    [Theory]
    [InlineData(SolverKind.UniPc)]
    [InlineData(SolverKind.Euler)]
    public void A_straight_flow_is_integrated_exactly(SolverKind kind)
    {
        // x_s = (1 - s) clean + s noise has the constant velocity noise - clean: any solver must end in the clean sample.
        float[] clean = [1, -2, 0.5f, 3];
        float[] noise = [0.25f, 1, -1, 2];
        FlowSchedule schedule = FlowSchedule.Create(10, 3);
        float s = schedule.Sigmas[0];
        float[] velocity = [.. noise.Zip(clean, (n, c) => n - c)];
        float[] sample = [.. noise.Zip(clean, (n, c) => (s * n) + ((1 - s) * c))];
        ISolver solver = Create(kind, schedule);

        foreach (int _ in schedule.Timesteps)
            solver.Step(velocity, sample);

        Close.Assert(clean, sample, 1e-5);
    }

    [Fact]
    public void UniPc_is_more_accurate_than_Euler_on_a_curved_flow()
    {
        // For data distributed as N(0, 1/4) the flow keeps x / std(s), with the prediction E[clean | x] = x (1 - s) / (4 std(s)²).
        Assert.InRange(ErrorOnGaussian(SolverKind.UniPc), 0, ErrorOnGaussian(SolverKind.Euler) / 4);
    }

    [Theory]
    [InlineData(SolverKind.UniPc)]
    [InlineData(SolverKind.Euler)]
    public void A_finished_schedule_and_wrong_sizes_are_refused(SolverKind kind)
    {
        ISolver solver = Create(kind, FlowSchedule.Create(1, 5));
        Assert.Throws<ArgumentException>(() => solver.Step(new float[3], new float[4]));
        solver.Step(new float[4], new float[4]);
        Assert.Throws<InvalidOperationException>(() => solver.Step(new float[4], new float[4]));
    }

    /// <summary>Relative error before the last step, which is a plain Euler step for both.</summary>
    private static double ErrorOnGaussian(SolverKind kind)
    {
        const int Steps = 20;
        FlowSchedule schedule = FlowSchedule.Create(Steps, 3);
        ISolver solver = Create(kind, schedule);
        float[] sample = [1];
        for (int i = 0; i < Steps - 1; i++)
        {
            double s = schedule.Sigmas[i];
            double clean = sample[0] * (1 - s) / (4 * Variance(s));
            solver.Step([(float)((sample[0] - clean) / s)], sample);
        }
        return Math.Abs((sample[0] / Math.Sqrt(Variance(schedule.Sigmas[Steps - 1]) / Variance(schedule.Sigmas[0]))) - 1);
    }

    private static double Variance(double s) => ((1 - s) * (1 - s) / 4) + (s * s);

    private static float[] RunOnce(ISolver solver)
    {
        float[] sample = [1, -1, 2];
        for (int i = 0; i < 6; i++)
            solver.Step([sample[1], sample[2] - i, sample[0] * 0.5f], sample);
        return sample;
    }

    private static ISolver Create(SolverKind kind, FlowSchedule schedule) =>
        kind == SolverKind.UniPc ? new UniPcSolver(schedule) : new EulerSolver(schedule);
}
