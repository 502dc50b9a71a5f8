namespace QuantBuild.Compiler.Actions;

/// <summary>An action that a build will ask for; the store may have it already.</summary>
/// <param name="Stage">Name of its stage.</param>
/// <param name="Expert">Its expert, or empty.</param>
/// <param name="Name">What it works on; a bin's name follows the layer's after a slash.</param>
/// <param name="Seconds">Processor time it would take, estimated: good for comparing actions, rough as a duration.</param>
internal sealed record PlannedAction(string Stage, string Expert, string Name, double Seconds);
