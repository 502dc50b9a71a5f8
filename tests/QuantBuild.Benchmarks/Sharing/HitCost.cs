using System.Diagnostics;
using QuantBuild.Benchmarks.Checkpoint;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Tests.Store.Remote;

namespace QuantBuild.Benchmarks.Sharing;

/// <summary>
/// What a result of a shared store costs an action that finds it there, behind a real nginx on the loopback address: record by record,
/// blob by blob, and in a whole build of TinyWan against one from the local store.
/// </summary>
internal static class HitCost
{
    public static Figures Run(int records)
    {
        if (NginxProcess.Program is null)
            throw new InvalidOperationException("nginx is not installed: apt-get install nginx-light");
        string folder = Directory.CreateTempSubdirectory("quantbuild-hits-").FullName;
        try
        {
            using var server = new NginxProcess();
            var figures = new Figures();
            RecordsAsync(server.Url, folder, records, figures).GetAwaiter().GetResult();
            Builds(server.Url, folder, figures);
            return figures;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RecordsAsync(string url, string folder, int count, Figures figures)
    {
        ActionRecord[] records;
        using (ContentStore one = ContentStore.Open(Path.Combine(folder, "one")))
        {
            records = [.. Enumerable.Range(0, count).Select(i => StoredRecords.Make(one, i))];
            long start = Stopwatch.GetTimestamp();
            await using (TieredStore store = Open(url, one))
            {
                foreach (ActionRecord record in records)
                    await store.PutAsync(record);
            }
            figures["written_ms"] = Each(start, count);
        }
        using ContentStore two = ContentStore.Open(Path.Combine(folder, "two"));
        await using TieredStore other = Open(url, two);
        long began = Stopwatch.GetTimestamp();
        foreach (ActionRecord record in records)
            _ = await other.FindAsync(record.Key) ?? throw new InvalidOperationException("a result is missing");
        figures["found_ms"] = Each(began, count);
        began = Stopwatch.GetTimestamp();
        foreach (BlobRef blob in records.SelectMany(record => record.Outputs.Values))
            other.Read(blob.Digest);
        figures["blob_ms"] = Each(began, count * StoredRecords.Blobs);
        began = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
            _ = await other.FindAsync(Digest.Of(BitConverter.GetBytes(-1 - i)));
        figures["missed_ms"] = Each(began, count);
    }

    private static void Builds(string url, string folder, Figures figures)
    {
        string[] build = ["build", TinyWanScale.Manifest, "--no-report", "--log", "json"];
        Build("cold", "tool one");
        // The second store has no more than what was opened; the first one has all.
        ToolRun hits = Build("hits", "tool two"), local = Build("local", "tool one");
        int actions = hits.Output.Count(line => line.Contains("\"result\":\"cached\"", StringComparison.Ordinal));
        figures["actions"] = actions;
        figures["action_ms"] = 1000 * (hits.Seconds - local.Seconds) / actions;

        ToolRun Build(string name, string store)
        {
            ToolRun run = ToolRun.Start([.. build, "--store", Path.Combine(folder, store), "--out", Path.Combine(folder, name),
                .. name == "local" ? (string[])["--remote", ""] : ["--remote", url]]);
            if (run.ExitCode != 0)
                throw new InvalidOperationException(string.Join('\n', run.Output.Append(run.Error)));
            Console.WriteLine($"  TinyWan, {name}: {run.Seconds:F2} s");
            figures[name] = run.Seconds;
            return run;
        }
    }

    private static TieredStore Open(string url, ContentStore local) => new(local,
        RemoteAddress.Open(new RemoteStoreOptions(url), local.Root), readOnly: false, notice => Console.Error.WriteLine(notice),
        TimeProvider.System, CancellationToken.None);

    private static double Each(long start, int count) => Stopwatch.GetElapsedTime(start).TotalMilliseconds / count;
}
