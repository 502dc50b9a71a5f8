using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>What every stage of one build needs.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Runner">Runs actions.</param>
/// <param name="Threads">Threads for the whole build.</param>
/// <param name="Cancellation">Stops it.</param>
public sealed record BuildContext(Plan Plan, StageRunner Runner, int Threads, CancellationToken Cancellation)
{
    /// <summary>The store behind <see cref="Runner"/>.</summary>
    public ContentStore Store => Runner.Store;
}
