using System.Runtime.InteropServices;
using QuantBuild.Torch;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Native;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>What is measured on: the machine, its libtorch, and whether TorchSharp's library finds in it all that it needs.</summary>
internal static partial class MachineRow
{
    private const int Now = 2;

    public static void Run(Measuring measuring)
    {
        TorchOptions options = measuring.OptionsOf(TorchPrecision.BFloat16, fp8: true);
        measuring.Report("processor", $"{Processor()}, {Environment.ProcessorCount} threads, {RuntimeInformation.OSDescription}");
        TorchLibrary.Load(options.LibraryFolder, [], measuring.IsCuda, acceptsOtherVersions: true);
        measuring.Report("libtorch", TorchLibrary.FoundVersion!,
            $"of {options.LibraryFolder}; TorchSharp is built for {TorchLibrary.Version}");
        if (Missing() is { } missing)
        {
            throw new TorchException(TorchProblem.WrongVersion,
                $"TorchSharp's library does not load with libtorch {TorchLibrary.FoundVersion}: {missing}");
        }
        measuring.Report("TorchSharp's library", "finds every symbol");
        using var runtime = TorchRuntime.Open(options);
        measuring.Report("device", TorchDevice.Describe(options.Device, options.Threads), runtime.Profile);
        measuring.Report("rounding", runtime.Rounding);
        using ScaledProduct? product = ScaledProduct.Probe(runtime.Space.Device);
        measuring.Report("FP8 products", product is null ? "none that are right" : product.IsByRow
            ? "with scales of rows"
            : "with scales behind them",
            "tried on a product whose result is known");
    }

    /// <summary>
    /// What the library lacks of the libtorch that is loaded. All symbols are looked up at once: later a missing one ends the process.
    /// </summary>
    private static string? Missing()
    {
        string library = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        if (!OperatingSystem.IsLinux())
            return null;
        // Once before: finding the function itself would be the last thing that went well.
        _ = Error();
        return Open(library, Now) != 0 ? null : Marshal.PtrToStringUTF8(Error()) ?? "no reason given";
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
