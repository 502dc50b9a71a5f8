namespace QuantBuild.Compiler.Scheduling;

/// <summary>A share of a <see cref="WorkBudget"/>, given back when disposed of. Used by one thread at a time.</summary>
internal sealed class WorkLease : IDisposable
{
    private readonly WorkBudget _budget;
    private bool _returned;

    internal WorkLease(WorkBudget budget, long bytes, int threads)
    {
        _budget = budget;
        Bytes = bytes;
        Threads = threads;
    }

    /// <summary>Bytes it declares.</summary>
    public long Bytes { get; private set; }

    /// <summary>Threads it may use.</summary>
    public int Threads { get; }

    /// <summary>Gives back what is more than <paramref name="bytes"/>, so that others can start; never takes more.</summary>
    public void Shrink(long bytes)
    {
        if (bytes >= Bytes || _returned)
            return;
        _budget.Return(Bytes - bytes, 0);
        Bytes = bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_returned)
            return;
        _returned = true;
        _budget.Return(Bytes, Threads);
    }
}
