using Xunit.v3;

// libtorch's threads are the process's: two tests at once would only share them.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
