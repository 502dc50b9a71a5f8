using Microsoft.Build.Framework;

namespace QuantBuild.MSBuild;

/// <summary>
/// Cores of the machine that the build lends to a task, so that projects which are built at once do not all use all of them. Asking never
/// waits: a build that has none to spare lends one.
/// </summary>
internal sealed class BorrowedCores : IDisposable
{
    private readonly IBuildEngine9? _engine;

    /// <summary>Borrows cores.</summary>
    /// <param name="engine">Who lends them.</param>
    /// <param name="most">The most that can be used; 0 for all.</param>
    public BorrowedCores(IBuildEngine engine, int most)
    {
        Count = most > 0 ? Math.Min(most, Environment.ProcessorCount) : Environment.ProcessorCount;
        if (engine is not IBuildEngine9 lender)
            return;
        try
        {
            Count = lender.RequestCores(Count);
            _engine = lender;
        }
        catch (NotImplementedException)
        {
            // A task in a host process of its own has nobody to ask.
        }
    }

    /// <summary>How many were lent, at least one.</summary>
    public int Count { get; }

    /// <summary>Gives them back.</summary>
    public void Dispose() => _engine?.ReleaseCores(Count);
}
