namespace QuantBuild.Compiler.Scheduling;

/// <summary>A piece of work of a <see cref="WorkQueue"/>.</summary>
/// <param name="Name">What it is; no two waiting at once have the same.</param>
/// <param name="Cost">How long it takes, in any unit: the longest starts first.</param>
/// <param name="Run">Does it; may add more work to the queue.</param>
/// <param name="Ahead">Called on another thread when it is the next to start, to have its data read; null for none.</param>
internal sealed record WorkItem(string Name, double Cost, Action<WorkQueue> Run, Action? Ahead = null);
