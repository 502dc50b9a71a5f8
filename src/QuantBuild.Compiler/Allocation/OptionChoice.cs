using System.Collections.Immutable;

namespace QuantBuild.Compiler.Allocation;

/// <summary>
/// Chooses one option per layer: a multiple-choice knapsack with two limits, bytes and 16-bit work, solved by the greedy walk along the
/// lower convex hulls of the layers' (cost, error) points, which is optimal but for the last step, and then filled up with whatever still
/// fits.
/// </summary>
internal static class OptionChoice
{
    /// <summary>Chooses.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="budget">The limits.</param>
    /// <returns>
    /// Index of an option per layer; null when even the smallest options exceed the limits, or the error cannot be reached within them.
    /// </returns>
    public static ImmutableArray<int>? Of(IReadOnlyList<LayerOptions> layers, Budget budget)
    {
        double bytesUnit = Math.Max(1, budget.Bytes is { } most
            ? most - layers.Sum(layer => layer.Options.Min(option => option.Bytes))
            : layers.Sum(layer => layer.Options[0].Bytes));
        double workUnit = Math.Max(1, budget.Work);
        double Cost(LayerOption option) => (option.Bytes / bytesUnit) + (option.Work / workUnit);

        int[] chosen = [.. layers.Select(layer => Cheapest(layer.Options, Cost))];
        var state = new Sums(layers, chosen);
        if (state.Bytes > (budget.Bytes ?? long.MaxValue) || state.Work > budget.Work)
            return null;
        var blocked = new bool[layers.Count];
        IEnumerable<Step> steps =
            layers.SelectMany((layer, i) => Hull(layer.Options, chosen[i], Cost)
                .Select((hull, order) => new Step(i, hull.To, hull.Gain, order)))
            .OrderByDescending(step => step.Gain).ThenBy(step => step.Layer).ThenBy(step => step.Order);
        foreach (Step step in steps)
        {
            if (state.Error <= budget.Error)
                return [.. chosen];
            if (blocked[step.Layer])
                continue;
            if (state.Fits(step.Layer, step.To, budget))
                state.Take(step.Layer, step.To);
            else
                blocked[step.Layer] = true;
        }
        if (budget.Error is { } target)
            return state.Error <= target ? [.. chosen] : null;
        Fill(layers, state, budget);
        return [.. chosen];
    }

    private static int Cheapest(ImmutableArray<LayerOption> options, Func<LayerOption, double> cost) =>
        Enumerable.Range(0, options.Length).MinBy(i => (cost(options[i]), options[i].Error, i));

    /// <summary>Options on the lower convex hull behind the cheapest, each with the error that its step saves per cost.</summary>
    private static IEnumerable<(int To, double Gain)> Hull(ImmutableArray<LayerOption> options, int from, Func<LayerOption, double> cost)
    {
        while (true)
        {
            (int To, double Gain) best = (-1, 0);
            for (int i = 0; i < options.Length; i++)
            {
                double more = cost(options[i]) - cost(options[from]);
                double gain = more > 0 ? (options[from].Error - options[i].Error) / more : 0;
                if (gain > best.Gain)
                    best = (i, gain);
            }
            if (best.To < 0)
                yield break;
            yield return best;
            from = best.To;
        }
    }

    /// <summary>Takes the change that saves most of all that still fit, until none does.</summary>
    private static void Fill(IReadOnlyList<LayerOptions> layers, Sums state, Budget budget)
    {
        while (true)
        {
            (int Layer, int To, double Saved) best = (-1, 0, 0);
            for (int layer = 0; layer < layers.Count; layer++)
            {
                for (int to = 0; to < layers[layer].Options.Length; to++)
                {
                    double saved = state.Chosen(layer).Error - layers[layer].Options[to].Error;
                    if (saved > best.Saved && state.Fits(layer, to, budget))
                        best = (layer, to, saved);
                }
            }
            if (best.Layer < 0)
                return;
            state.Take(best.Layer, best.To);
        }
    }

    private readonly record struct Step(int Layer, int To, double Gain, int Order);

    private sealed class Sums(IReadOnlyList<LayerOptions> layers, int[] chosen)
    {
        public long Bytes { get; private set; } = layers.Select((layer, i) => layer.Options[chosen[i]].Bytes).Sum();

        public long Work { get; private set; } = layers.Select((layer, i) => layer.Options[chosen[i]].Work).Sum();

        public double Error { get; private set; } = layers.Select((layer, i) => layer.Options[chosen[i]].Error).Sum();

        public LayerOption Chosen(int layer) => layers[layer].Options[chosen[layer]];

        public bool Fits(int layer, int to, Budget budget)
        {
            LayerOption from = Chosen(layer);
            LayerOption option = layers[layer].Options[to];
            return Bytes - from.Bytes + option.Bytes <= (budget.Bytes ?? long.MaxValue) && Work - from.Work + option.Work <= budget.Work;
        }

        public void Take(int layer, int to)
        {
            LayerOption from = Chosen(layer);
            LayerOption option = layers[layer].Options[to];
            Bytes += option.Bytes - from.Bytes;
            Work += option.Work - from.Work;
            Error += option.Error - from.Error;
            chosen[layer] = to;
        }
    }
}
