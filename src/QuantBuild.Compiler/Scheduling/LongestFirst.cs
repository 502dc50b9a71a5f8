namespace QuantBuild.Compiler.Scheduling;

/// <summary>Shares work among equal workers: the longest piece goes to the worker with the least so far.</summary>
/// <remarks>
/// R. L. Graham, "Bounds on multiprocessing timing anomalies", 1969: at most 4/3 - 1/(3n) times as long as the best way of sharing.
/// The same pieces are shared in the same way everywhere, whatever their order.
/// </remarks>
internal static class LongestFirst
{
    /// <summary>Shares pieces.</summary>
    /// <param name="costs">Predicted cost of each by its name.</param>
    /// <param name="workers">How many workers there are.</param>
    /// <returns>The names of each worker's pieces, the longest first.</returns>
    public static IReadOnlyList<IReadOnlyList<string>> Share(IEnumerable<(string Name, double Cost)> costs, int workers)
    {
        List<string>[] shares = [.. Enumerable.Range(0, workers).Select(_ => new List<string>())];
        var least = new PriorityQueue<int, (double Load, int Pieces, int Worker)>();
        for (int i = 0; i < workers; i++)
            least.Enqueue(i, (0, 0, i));
        foreach ((string name, double cost) in costs.OrderByDescending(piece => piece.Cost)
            .ThenBy(piece => piece.Name, StringComparer.Ordinal))
        {
            least.TryDequeue(out int worker, out (double Load, int Pieces, int Worker) sofar);
            shares[worker].Add(name);
            least.Enqueue(worker, (sofar.Load + cost, sofar.Pieces + 1, worker));
        }
        return shares;
    }
}
