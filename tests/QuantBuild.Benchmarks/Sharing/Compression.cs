using System.Diagnostics;
using System.Runtime.InteropServices;
using QuantBuild.Benchmarks.Checkpoint;
using QuantBuild.Compiler.Store;
using ZstdSharp;

namespace QuantBuild.Benchmarks.Sharing;

/// <summary>
/// What zstd would save of the bytes of a shared store, and what time it would take of one thread: stage by stage, of TinyWan's store or a
/// named one.
/// </summary>
internal static class Compression
{
    // Per stage: more would change no figure.
    private const long Most = 48 << 20;

    private static readonly int[] Levels = [1, 3, 9];

    public static Figures Run(string? named)
    {
        string folder = Directory.CreateTempSubdirectory("quantbuild-compress-").FullName;
        try
        {
            string path = named ?? Path.Combine(folder, "store");
            if (named is null)
            {
                ToolRun build = ToolRun.Start(["build", TinyWanScale.Manifest, "--store", path, "--out", Path.Combine(folder, "out")]);
                if (build.ExitCode != 0)
                    throw new InvalidOperationException(build.Error);
            }
            using ContentStore store = ContentStore.Open(path);
            var figures = new Figures();
            Console.WriteLine(
                "| stage | MB in the store | level | left | with halves apart | compressed, MB per second of a processor | decompressed |");
            Console.WriteLine("|---|---|---|---|---|---|---|");
            foreach (IGrouping<string, ActionRecord> stage in store.Actions().GroupBy(action => action.Stage, StringComparer.Ordinal)
                .OrderByDescending(stage => stage.Sum(action => action.Outputs.Values.Sum(blob => blob.Size))).Take(4))
                Measure(store, stage.Key, [.. stage.SelectMany(action => action.Outputs.Values).Distinct()], figures);
            return figures;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(ContentStore store, string stage, BlobRef[] blobs, Figures figures)
    {
        var sample = new List<byte[]>();
        foreach (BlobRef blob in blobs.OrderBy(blob => blob.Digest.ToString(), StringComparer.Ordinal))
        {
            if (sample.Sum(content => (long)content.Length) < Most)
                sample.Add(store.Read(blob.Digest));
        }
        double total = sample.Sum(content => (double)content.Length);
        foreach (int level in Levels)
        {
            using var compressor = new Compressor(level);
            using var decompressor = new Decompressor();
            byte[][] packed = [.. sample.Select(content => compressor.Wrap(content).ToArray())];
            for (int i = 0; i < packed.Length; i++)
            {
                if (!decompressor.Unwrap(packed[i]).SequenceEqual(sample[i]))
                    throw new InvalidOperationException("other bytes came back");
            }
            // Once more, now that everything is compiled.
            double compressing = ProcessorSeconds(() => sample.ForEach(content => compressor.Wrap(content)));
            double decompressing = ProcessorSeconds(() => Array.ForEach(packed, content => decompressor.Unwrap(content)));
            double left = packed.Sum(content => (double)content.Length) / total;
            double halves = sample.Sum(content => (double)compressor.Wrap(HalvesApart(content)).Length) / total;
            Console.WriteLine($"| {stage} | {blobs.Sum(blob => blob.Size) / 1e6:F1} | {level} | {left:P1} | {halves:P1} | "
                + $"{total / 1e6 / compressing:F0} | {total / 1e6 / decompressing:F0} |");
            figures[$"{stage}_{level}"] = left;
        }
    }

    /// <summary>Processor time: other work of the machine is not in it.</summary>
    private static double ProcessorSeconds(Action work)
    {
        using Process self = Process.GetCurrentProcess();
        double before = self.TotalProcessorTime.TotalSeconds;
        work();
        self.Refresh();
        return self.TotalProcessorTime.TotalSeconds - before;
    }

    /// <summary>First the exponents of bfloat16 numbers, then their fractions: alike bytes side by side.</summary>
    private static byte[] HalvesApart(byte[] content)
    {
        ReadOnlySpan<ushort> values = MemoryMarshal.Cast<byte, ushort>(content);
        var apart = new byte[content.Length];
        for (int i = 0; i < values.Length; i++)
            (apart[i], apart[values.Length + i]) = ((byte)(values[i] >> 8), (byte)values[i]);
        return apart;
    }
}
