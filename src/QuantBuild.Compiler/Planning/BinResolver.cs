using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>Turns the bins of an expert into ranges of integer timesteps that partition what the expert serves.</summary>
internal static class BinResolver
{
    /// <summary>The bins, from the highest timestep down. A bin that no calibration step falls into is reported.</summary>
    /// <param name="expert">The expert, with bins that the reader has checked for cover.</param>
    /// <param name="top">Highest timestep that the expert can be asked for.</param>
    /// <param name="bottom">Lowest timestep that it can be asked for.</param>
    /// <param name="timesteps">Its calibration timesteps, descending.</param>
    /// <param name="totalSteps">Calibration steps of both experts.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static ImmutableArray<TimestepBin> Resolve(ExpertSection expert, int top, int bottom, ImmutableArray<int> timesteps,
        int totalSteps, ICollection<Diagnostic> problems)
    {
        var bins = ImmutableArray.CreateBuilder<TimestepBin>(expert.Bins.Length);
        int max = top;
        for (int i = 0; i < expert.Bins.Length; i++)
        {
            BinSection section = expert.Bins[i];
            int min = i == expert.Bins.Length - 1 ? bottom
                : section.AreTimesteps ? (int)section.To
                : FirstTimestep(expert.Bins[i + 1].From, timesteps, below: bottom) + 1;

            // Steps are taken by range, as the runtime will look bins up: a schedule may visit one timestep twice.
            ImmutableArray<int> steps =
                [.. Enumerable.Range(0, timesteps.Length).Where(step => timesteps[step] >= min && timesteps[step] <= max)];
            if (steps.IsEmpty)
                problems.Add(Descriptors.BinWithoutSteps.At(section.Span, section.Name, expert.Name, timesteps.Length, totalSteps));
            bins.Add(new TimestepBin(section.Name, min, max, steps) 
            {
                ClipRatios = section.ClipRatios,
                KeepsActivations = section.KeepsActivations,
            });
            max = Math.Min(max, min - 1);
        }
        return bins.ToImmutable();
    }

    /// <summary>The timestep of the first step i of n with i/n at or after a fraction, or one below the range if there is none.</summary>
    private static int FirstTimestep(double fraction, ImmutableArray<int> timesteps, int below)
    {
        for (int i = 0; i < timesteps.Length; i++)
        {
            if ((double)i / timesteps.Length >= fraction)
                return timesteps[i];
        }
        return below - 1;
    }
}
