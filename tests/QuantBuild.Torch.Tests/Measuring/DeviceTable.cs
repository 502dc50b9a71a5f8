using System.Diagnostics;

namespace QuantBuild.Torch.Tests.Measuring;

/// <summary><c>tests/device/run.sh</c> in small, on this processor: run once for all tests.</summary>
public sealed class DeviceTable : IAsyncLifetime
{
    /// <summary>The libtorch of the tests.</summary>
    public static string Natives { get; } = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    /// <summary>What the script publishes.</summary>
    public static string Published { get; } = Path.Combine(Root, "artifacts", "device");

    /// <summary>Its exit status, the table that it printed, and what it said beside it.</summary>
    public (int Status, string Table, string Said) Result { get; private set; }

    private static string Root => QuantBuild.Tests.TestData.Root;

    public async ValueTask InitializeAsync() =>
        Result = await RunAsync("bash", Path.Combine(Root, "tests", "device", "run.sh"), "--torch", Natives, "--device", "cpu", "--size",
            "small");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Runs what is published with another libtorch or within another limit.</summary>
    public static Task<(int Status, string Table, string Said)> MeasureAsync(string torch, params string[] arguments) => RunAsync(
        Path.Combine(Published, "quantbuild-device"), ["--torch", torch, "--device", "cpu", "--size", "small", .. arguments]);

    private static async Task<(int Status, string Table, string Said)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // The script's own build has nothing of the test's.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
            .ToArray())
            start.Environment.Remove(name);
        using Process process = Process.Start(start)!;
        CancellationToken ct = TestContext.Current.CancellationToken;
        Task<string> output = process.StandardOutput.ReadToEndAsync(ct), error = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, await output, await error);
    }
}
