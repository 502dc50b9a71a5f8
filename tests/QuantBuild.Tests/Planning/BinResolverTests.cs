using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Sampling;

namespace QuantBuild.Tests.Planning;

public sealed class BinResolverTests
{
    [Fact]
    public void Whatever_the_schedule_and_the_cuts_bins_partition_the_range_or_are_refused()
    {
        var random = new Random(42);
        int accepted = 0;
        for (int round = 0; round < 2000; round++)
        {
            FlowSchedule schedule = FlowSchedule.Create(random.Next(1, 400), 0.2 + (random.NextDouble() * 12));
            bool high = random.Next(2) == 0;
            (int top, int bottom) = high ? (1000, 900) : (899, 0);
            ImmutableArray<int> timesteps = [.. schedule.Timesteps.Where(t => t >= 900 == high)];
            double[] cuts = [0, .. Enumerable.Range(0, random.Next(4)).Select(_ => random.NextDouble()).Order(), 1];
            var expert = new ExpertSection("any", "any", [.. cuts.Zip(cuts.Skip(1), (from, to) =>
                new BinSection("b", from, to, AreTimesteps: false, ClipRatios: null, default))], RecipePatch.Empty, default);
            var problems = new List<Diagnostic>();

            ImmutableArray<TimestepBin> bins = BinResolver.Resolve(expert, top, bottom, timesteps, schedule.Timesteps.Count, problems);

            if (problems.Count > 0)
            {
                Assert.All(problems, problem => Assert.Equal(Descriptors.BinWithoutSteps, problem.Descriptor));
                continue;
            }
            accepted++;
            Assert.Equal((top, bottom), (bins[0].MaxTimestep, bins[^1].MinTimestep));
            Assert.All(bins, bin => Assert.True(bin.MinTimestep <= bin.MaxTimestep));
            Assert.All(bins.Zip(bins.Skip(1)), pair => Assert.Equal(pair.First.MinTimestep - 1, pair.Second.MaxTimestep));
            Assert.Equal(Enumerable.Range(0, timesteps.Length), bins.SelectMany(bin => bin.Steps));
        }
        Assert.InRange(accepted, 500, 1999);
    }

    [Fact]
    public void A_step_belongs_to_the_bin_whose_fractions_contain_its_index_over_the_count()
    {
        ImmutableArray<int> timesteps = [899, 800, 700, 600, 500];
        var expert = new ExpertSection("low_noise", "any",
            [
                new BinSection("a", 0, 0.2, AreTimesteps: false, ClipRatios: null, default),
                new BinSection("b", 0.2, 0.7, AreTimesteps: false, ClipRatios: null, default),
                new BinSection("c", 0.7, 1, AreTimesteps: false, ClipRatios: null, default),
            ], RecipePatch.Empty, default);

        ImmutableArray<TimestepBin> bins = BinResolver.Resolve(expert, 899, 0, timesteps, 5, []);

        Assert.Equal([(899, 801), (800, 501), (500, 0)], bins.Select(bin => (bin.MaxTimestep, bin.MinTimestep)));
        Assert.Equal([[0], [1, 2, 3], [4]], bins.Select(bin => bin.Steps.ToArray()));
    }
}
