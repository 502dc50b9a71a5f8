using System.Runtime.InteropServices;
using QuantBuild.Torch;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Native;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>What is measured on: the machine, its libtorch, and whether TorchSharp's library finds in it all that it needs.</summary>
internal static partial class MachineRow
{
    // Functions when they are first called, data at once.
    private const int Lazily = 1;

    // Missing symbols that are named.
    private const int Named = 12;

    public static void Run(Measuring measuring)
    {
        TorchOptions options = measuring.OptionsOf(TorchPrecision.BFloat16, fp8: true);
        measuring.Report("processor", $"{Processor()}, {Environment.ProcessorCount} threads, {RuntimeInformation.OSDescription}");
        TorchLibrary.Load(options.LibraryFolder, [], measuring.IsCuda, acceptsOtherVersions: true);
        measuring.Report("libtorch", TorchLibrary.FoundVersion!,
            $"of {options.LibraryFolder}; TorchSharp is built for {TorchLibrary.Version}");
        string library = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        string[] needed = [.. ElfSymbols.NeededBy(library)], missing = [.. needed.Where(name => !IsThere(name))];
        measuring.Report("symbols of TorchSharp's library", missing.Length == 0 ? $"all {needed.Length} found"
            : $"{missing.Length} of {needed.Length} missing", missing.Length == 0 ? null : string.Join(' ', missing.Take(Named)));
        // A function that is missing ends the process that calls it, and no other: whatever else there is is tried.
        if (Reason(library) is { } reason)
        {
            throw new TorchException(TorchProblem.WrongVersion,
                $"TorchSharp's library does not load with libtorch {TorchLibrary.FoundVersion}: {reason}");
        }
        using var runtime = TorchRuntime.Open(options);
        measuring.Report("device", TorchDevice.Describe(options.Device, options.Threads), runtime.Profile);
        measuring.Report("rounding", runtime.Rounding);
        using ScaledProduct? product = ScaledProduct.Probe(runtime.Space.Device);
        measuring.Report("FP8 products", product is null ? "none that are right" : product.IsByRow
            ? "with scales of rows"
            : "with scales behind them",
            "tried on a product whose result is known");
    }

    private static bool IsThere(string symbol) => NativeLibrary.TryGetExport(TorchLibrary.Core, symbol, out _);

    /// <summary>Why a library cannot be loaded; null where it can.</summary>
    private static string? Reason(string library)
    {
        // Once before: finding the function itself would be the last thing that went well.
        _ = Error();
        return Open(library, Lazily) != 0 ? null : Marshal.PtrToStringUTF8(Error()) ?? "no reason given";
    }

    private static string Processor()
    {
        string? line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2)[1].Trim() ?? "unknown";
    }

    [LibraryImport("libc.so.6", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Open(string file, int mode);

    [LibraryImport("libc.so.6", EntryPoint = "dlerror")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Error();
}
