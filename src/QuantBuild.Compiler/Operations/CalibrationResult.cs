using QuantBuild.Compiler.Actions;

namespace QuantBuild.Compiler.Operations;

/// <summary>A finished calibration.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Actions">Its actions, cached or executed.</param>
/// <param name="Inputs">Every file that was read, absolute, and the lock file.</param>
internal sealed record CalibrationResult(string Name, IReadOnlyList<ActionEvent> Actions, IReadOnlyList<string> Inputs);
