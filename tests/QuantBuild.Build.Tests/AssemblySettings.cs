using Xunit.v3;

// A build is mostly one busy thread, so two test classes go side by side. Every test has folders of its own, and those that end processes
// find them by these folders; the folder of packages is shared, which NuGet is made for.
[assembly: Parallelization(Mode = Xunit.Sdk.ParallelMode.Collections, MaxThreads = 2)]
