namespace QuantBuild.Compiler.Health;

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What was looked at, such as <c>disk</c>.</param>
/// <param name="State">The verdict.</param>
/// <param name="Finding">What is there. Never a secret.</param>
/// <param name="Meaning">What it costs or means, and what to do about it.</param>
internal sealed record MachineCheck(string Name, CheckState State, string Finding, string Meaning);
