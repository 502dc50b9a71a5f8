return QuantBuild.Benchmarks.BenchmarkConsole.Run(args);
