using QuantBuild.Benchmarks;
using QuantBuild.Torch.Benchmarks;

Libtorch.Loader = LibtorchProducts.Load;
return BenchmarkConsole.Run(args);
