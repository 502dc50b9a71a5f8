using Xunit.v3;

// Two cores, two servers.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.Collections, MaxThreads = 2)]
