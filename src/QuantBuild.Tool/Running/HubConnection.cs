using System.Globalization;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Store;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Running;

/// <summary>
/// The Hub as the environment describes it. Tokens come from the environment alone: a command line is no place for a secret.
/// </summary>
internal static class HubConnection
{
    /// <summary>Finds the token and makes a client; null when the environment says to work offline.</summary>
    /// <param name="run">The command.</param>
    /// <param name="store">The store's folder; null for the default.</param>
    /// <param name="parallel">Transfers at a time.</param>
    public static HubClient? Open(CommandRun run, string? store, int parallel = 4)
    {
        HubEnvironment environment = HubEnvironment.OfProcess();
        if (environment.Offline)
            return null;
        // Opened first: a folder that has something in it already cannot become a store.
        using ContentStore opened = ContentStore.Open(store ?? ContentStore.DefaultRoot());
        var options = new HubOptions
        {
            Endpoint = environment.Endpoint,
            Parallel = parallel,
            StateFolder = Path.Combine(opened.Root, "uploads"),
            Notice = run.Console.Error.WriteLine,
        };
        return new HubClient(options with { Token = TokenDiscovery.FindAsync(options, environment, ct: run.Cancellation).GetAwaiter()
            .GetResult() });
    }

    /// <summary>How checkpoints of the Hub are reached, with progress and notices on standard error.</summary>
    public static HubAccess Access(CommandRun run) =>
        HubAccess.OfProcess() with { Notice = run.Console.Error.WriteLine, Progress = Progress(run) };

    /// <summary>The download cache.</summary>
    public static HubCache Cache() => new(HubEnvironment.OfProcess().CacheFolder);

    /// <summary>Progress as lines on standard error, one every few seconds.</summary>
    public static IProgress<TransferStatus> Progress(CommandRun run) => new Lines(run.Console.Error);

    private sealed class Lines(TextWriter writer) : IProgress<TransferStatus>
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

        private readonly Lock _lock = new();
        private long _last = TimeProvider.System.GetTimestamp();

        public void Report(TransferStatus value)
        {
            lock (_lock)
            {
                if (value.Done < value.Total && TimeProvider.System.GetElapsedTime(_last) < Interval)
                    return;
                _last = TimeProvider.System.GetTimestamp();
                string left = value.Remaining is { } remaining && value.Done < value.Total
                    ? string.Create(CultureInfo.InvariantCulture, $", {remaining:hh\\:mm\\:ss} left")
                    : "";
                writer.WriteLine(
                    $"{Quantity.Size(value.Done)} of {Quantity.Size(value.Total)}, {Quantity.Size((long)value.BytesPerSecond)}/s{left}");
            }
        }
    }
}
