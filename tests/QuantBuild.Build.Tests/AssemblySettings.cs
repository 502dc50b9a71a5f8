using Xunit.v3;

// Every test runs processes that use all cores, and some send signals at a chosen moment: one at a time.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
