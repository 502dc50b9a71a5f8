using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Actions;

/// <summary>One finished action, as logs and build histories show it.</summary>
/// <param name="Stage">Name of its stage.</param>
/// <param name="Expert">Its expert, or empty.</param>
/// <param name="Name">What it worked on.</param>
/// <param name="Key">Its key; null while planning behind a missing action, when the key cannot be known.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Description">The parts of the key; null when the key is.</param>
/// <param name="Seconds">Time it took now, or when it was executed once for a cached one.</param>
internal sealed record ActionEvent(string Stage, string Expert, string Name, Digest? Key, JsonObject? Description, ActionOutcome Outcome,
    double Seconds);
