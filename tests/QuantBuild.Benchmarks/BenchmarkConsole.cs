using System.Globalization;
using BenchmarkDotNet.Running;
using QuantBuild.Benchmarks.Checkpoint;
using QuantBuild.Benchmarks.Fidelity;
using QuantBuild.Benchmarks.Micro;
using QuantBuild.Benchmarks.Sharing;

namespace QuantBuild.Benchmarks;

/// <summary>The console's commands.</summary>
internal static class BenchmarkConsole
{
    /// <summary>Runs a command; the exit code.</summary>
    public static int Run(string[] args)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        switch (args)
        {
            case ["scale", "checkpoint", .. string[] rest] when CheckpointSettings.Parse(rest) is { } settings:
                return CheckpointScale.Run(settings);
            case ["scale", string what, .. string[] rest] when Settings.Parse(rest) is { } settings && ScaleCommand.Find(what) is { } run:
                Console.WriteLine($"{what}: {settings}; {ProcessorText.Text}");
                run(settings).Print();
                return 0;
            case ["fidelity", .. string[] rest] when FidelityCommand.Parse(rest) is { } choice:
                return FidelityCommand.Run(choice.Store, choice.Part);
            case ["table", .. string[] rest] when Settings.Parse(rest) is { } settings:
                TableCommand.Run(settings);
                return 0;
            case ["share", .. string[] rest] when SharingCommand.Find(rest) is { } run:
                Console.WriteLine($"{string.Join(' ', args)}; {ProcessorText.Text}");
                run().Print();
                return 0;
            case ["kernels", .. string[] rest]:
                BenchmarkSwitcher.FromAssembly(typeof(GemmBenchmarks).Assembly)
                    .Run(rest.Length == 0 ? ["--filter", "*"] : rest, InProcessConfig.Create());
                return 0;
            default:
                Console.Error.WriteLine("""
                    scale gemm  [OUTxIN] [--tokens N] [--threads N] [--rounds N]   Gemm against OpenBLAS (if installed), the processor's peak, and the Gram matrix
                    scale w4a4  [OUTxIN] …                                         the quantized linear layer against Gemm
                    scale clip  [OUTxIN] …                                         clip searches of 5 and of 15 candidates against Gemm
                    scale qdq   [OUTxIN] …                                         activation quantization against a copy
                    scale layer [OUTxIN] …                                         a whole layer, stage by stage, in Gemm times
                    scale refit [OUTxIN] …                                         branch and weights in turns against SVD and GPTQ
                    scale threads [OUTxIN] [--tokens N] [--rounds N]               a layer on 1, 2, 4 and 8 threads (of two cores), and what more cores would bring
                    scale tinywan [--threads N] [--rounds N]                       the repository's model with an empty store, in a process of its own
                    scale checkpoint [--memory-limit SIZE] [--threads N] [--blocks N] [--samples N] [--steps N] [--tokens N] [--folder DIR]
                                                                                   a whole build at the real widths: peak memory, time, projection
                    fidelity [--store DIR] [--only TEXT]                           what every step of the algorithm brings on TinyWan, held out (minutes)
                    share local [--records N]                              what the local store costs an action
                    share hits [--records N]                                       what a result of a shared store costs an action, behind nginx here
                    share compress [--store DIR]                                   what zstd would save of a store's bytes, and its speed
                    share shards [--seconds N]                                     1, 2 and 4 workers, every action held up for a part of N s; bytes moved
                    table [--threads N] [--rounds N]                               all targets, with the widest vectors and with 256 bits (about 6 minutes)
                    kernels [BenchmarkDotNet's options]                            single kernels, small enough to repeat
                    """);
                return 2;
        }
    }
}
