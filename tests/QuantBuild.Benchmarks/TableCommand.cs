using System.Diagnostics;
using System.Reflection;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QuantBuild.Benchmarks;

/// <summary>All targets in one table.  Every line is measured by a process of its own, so that its peak memory is its own too.</summary>
internal static class TableCommand
{
    private static readonly (string What, string Least, string Aim, string Arguments, string Figure)[] Rows =
    [
        ("Gemm 1024 against OpenBLAS", ">= 0.95", "1.0", "gemm 1024x1024 --tokens 1024", "blas"),
        ("Gemm 2048 against OpenBLAS", ">= 0.95", "1.0", "gemm 2048x2048 --tokens 2048", "blas"),
        ("Gemm 5120 against OpenBLAS", ">= 0.95", "1.0", "gemm 5120x5120 --tokens 4096", "blas"),
        ("Gemm 5120, part of the FMA peak", ">= 0.80", "", "gemm 5120x5120 --tokens 4096", "peak"),
        ("Gemm 1024 against libtorch float32", "", "1.0", "gemm 1024x1024 --tokens 1024", "torch"),
        ("Gemm 2048 against libtorch float32", "", "1.0", "gemm 2048x2048 --tokens 2048", "torch"),
        ("Gemm 5120 against libtorch float32", "", "1.0", "gemm 5120x5120 --tokens 4096", "torch"),
        ("Gemm 5120 against libtorch bfloat16", "", "", "gemm 5120x5120 --tokens 4096", "torch16"),
        ("Gemm 1024, part of the FMA peak", ">= 0.70", "", "gemm 1024x1024 --tokens 1024", "peak"),
        ("Gemm 2048, part of the FMA peak", ">= 0.80", "", "gemm 2048x2048 --tokens 2048", "peak"),
        ("Gemm 1024, all threads against one", ">= 1.85", "1.95", "gemm 1024x1024 --tokens 1024", "scaling"),
        ("Gemm 2048, all threads against one", ">= 1.85", "1.95", "gemm 2048x2048 --tokens 2048", "scaling"),
        ("Gemm 5120, all threads against one", ">= 1.85", "1.95", "gemm 5120x5120 --tokens 4096", "scaling"),
        ("layer 5120x5120, own Gemm times", "<= 5.2", "3.8", "layer 5120x5120", "own"),
        ("layer 5120x5120, OpenBLAS times", "<= 5.2", "3.8", "layer 5120x5120", "blas"),
        ("layer 13824x5120, own Gemm times", "<= 5.0", "3.3", "layer 13824x5120", "own"),
        ("layer 13824x5120, OpenBLAS times", "<= 5.0", "3.3", "layer 13824x5120", "blas"),
        ("layer 5120x13824, own Gemm times", "<= 6.8", "4.5", "layer 5120x13824", "own"),
        ("layer 5120x13824, OpenBLAS times", "<= 6.8", "4.5", "layer 5120x13824", "blas"),
        ("activations there and back, of a copy", ">= 0.8", "", "qdq 5120x5120 --rounds 9", "bandwidth"),
        ("clip search, 15 candidates", "< 6", "< 4", "clip 5120x5120 --tokens 2048", "fifteen"),
        ("layer 5120x5120, paper code's objective, OpenBLAS times", "<= 5.2", "3.8", "layer 5120x5120", "published"),
        ("layer 13824x5120, paper code's objective, OpenBLAS times", "<= 5.0", "3.3", "layer 13824x5120", "published"),
        ("layer 5120x13824, paper code's objective, OpenBLAS times", "<= 6.8", "4.5", "layer 5120x13824", "published"),
        ("peak memory 5120x5120, GB", "0.8", "0.5", "layer 5120x5120", "peak"),
        ("peak memory 13824x5120, GB", "1.4", "0.9", "layer 13824x5120", "peak"),
        ("peak memory 5120x13824, GB", "2.3", "1.5", "layer 5120x13824", "peak"),
        ("W4A4 layer against own Gemm", ">= 1.5", "2.5", "w4a4 5120x5120", "faster"),
        ("W4A4 layer against libtorch float32", "", "", "w4a4 5120x5120", "torch"),
        ("W4A4 layer against libtorch bfloat16", "", "1.0", "w4a4 5120x5120", "torch16"),
        ("TinyWan cold build, s", "<= 45", "25", "tinywan --rounds 3", "cold"),
    ];

    /// <summary>Measures and prints, as a table in Markdown.</summary>
    public static void Run(Settings settings)
    {
        // The same with fewer instructions down to AVX2: only there are we and OpenBLAS sure to use the same ones.
        List<(string Name, string[] Off)> widths = [];
        if (Vector512.IsHardwareAccelerated)
            widths.Add(("512 bits", []));
        if (AvxVnni.IsSupported)
            widths.Add(("256 bits, VNNI", ["DOTNET_EnableAVX512"]));
        widths.Add(("256 bits", ["DOTNET_EnableAVX512", "DOTNET_EnableAVXVNNI"]));
        List<Dictionary<string, Figures>> results = [.. widths.Select(width => Measure(settings, width.Name, width.Off))];

        Console.WriteLine(
            $"{ProcessorText.Text}, {settings.Threads} threads, {(settings.Threads == 1 ? "processor time" : "wall-clock time")}, "
                + $"OpenBLAS kernels: {OpenBlas.TryLoad(settings.Threads)?.Kernels ?? "not installed"}, "
                + $"libtorch: {Libtorch.TryLoad(settings.Threads)?.Name ?? "not here (tests/QuantBuild.Torch.Benchmarks)"}");
        Console.WriteLine();
        Console.WriteLine($"| | at least | aim | {string.Join(" | ", widths.Select(width => width.Name))} |");
        Console.WriteLine($"|---|---|---|{string.Concat(widths.Select(_ => "---|"))}");
        foreach ((string what, string least, string aim, string arguments, string figure) in Rows)
            Console.WriteLine(
                $"| {what} | {least} | {aim} | {string.Join(" | ", results.Select(result => Cell(result[arguments][figure])))} |");
    }

    private static string Cell(double value) => double.IsNaN(value) ? "-" : $"{value:F2}";

    private static Dictionary<string, Figures> Measure(Settings settings, string width, string[] off)
    {
        var results = new Dictionary<string, Figures>(StringComparer.Ordinal);
        foreach (string arguments in Rows.Select(row => row.Arguments).Distinct())
        {
            Console.Error.WriteLine($"{width}: {arguments}");
            results[arguments] = RunApart($"scale {arguments} --threads {settings.Threads}", off);
        }
        return results;
    }

    /// <summary>Runs one benchmark in a process of its own.</summary>
    private static Figures RunApart(string arguments, string[] off)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, Assembly.GetEntryAssembly() is { } self
            && Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? $"\"{self.Location}\" {arguments}" : arguments)
        {
            RedirectStandardOutput = true,
        };
        foreach (string instructions in off)
            start.Environment[instructions] = "0";
        var figures = new Figures();
        using Process process = Process.Start(start)!;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (!figures.TryRead(line))
                Console.Error.WriteLine(line);
        }
        process.WaitForExit();
        return process.ExitCode == 0 ? figures : throw new InvalidOperationException($"'{arguments}' ended with {process.ExitCode}");
    }
}
