namespace QuantBuild.Tests;

/// <summary>Tests that measure the process: they run when no other test does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
