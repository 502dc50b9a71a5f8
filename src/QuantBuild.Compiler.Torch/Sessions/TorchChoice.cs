using System.Globalization;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Torch;
using QuantBuild.Torch.Native;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Sessions;

/// <summary>What the backend computes on: the manifest's choice, and what is said of this machine.</summary>
/// <param name="Options">For opening the runtime.</param>
/// <param name="Expected">
/// Name of the arithmetic whose stored results are wanted, without its element type; null for that of this machine.
/// </param>
/// <param name="Memory">Bytes of the device's memory for weights and work; null where nothing is said.</param>
internal sealed record TorchChoice(TorchOptions Options, string? Expected, long? Memory = null)
{
    /// <summary>Threads of products on the processor; part of the profile. The default is the number of processors.</summary>
    public const string ThreadsVariable = "QUANTBUILD_TORCH_THREADS";

    /// <summary>
    /// The beginning of another machine's profile, such as <c>torch-2.10-cuda-sm90-132</c>: a build takes its results from the store
    /// without a device, and ends with QB3245 where one is missing and this machine has another arithmetic.
    /// </summary>
    public const string ProfileVariable = "QUANTBUILD_TORCH_PROFILE";

    /// <summary>How the names of packages begin that have libtorch.</summary>
    public const string NativePackages = "libtorch-";

    /// <summary>What a process can have one of: two choices with the same are one device.</summary>
    public string Key => string.Join('\n', (string[])[Options.Device, Options.Precision.ToString(), Options.LibraryFolder ?? "",
        string.Join(Path.PathSeparator, Options.PackageFolders), Options.Threads.ToString(CultureInfo.InvariantCulture), Expected ?? "",
        Memory?.ToString(CultureInfo.InvariantCulture) ?? "", Options.Fp8?.ToString() ?? ""]);

    /// <summary>Reads what is said.</summary>
    /// <param name="device">The manifest's device.</param>
    /// <param name="type">The manifest's element type.</param>
    /// <param name="host">The machine.</param>
    /// <exception cref="DiagnosticException">Something of it cannot be used (QB3243, QB3246).</exception>
    public static TorchChoice Of(ComputeDevice device, ComputeDType type, ComputeHost host)
    {
        string kind = device == ComputeDevice.Cuda ? "cuda" : "cpu",
            name = NonEmpty(host.Device) ?? NonEmpty(host.Variable(ComputeHost.DeviceVariable)) ?? kind;
        if (KindOf(name) != kind)
        {
            throw new DiagnosticException(Descriptors.TorchDevice.At(null,
                (host.IsUnstored ? $"videos are made on {kind} here unless --device says otherwise" : $"the manifest asks for {kind}")
                    + $", and {(NonEmpty(host.Device) is null ? ComputeHost.DeviceVariable : "this build")} names {name}"));
        }
        int threads = Environment.ProcessorCount;
        if (NonEmpty(host.Variable(ThreadsVariable)) is { } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out threads) || threads is < 1 or > 1024))
            throw new DiagnosticException(Descriptors.TorchSetting.At(null, ThreadsVariable, text, "a number of threads, from 1"));
        var options = new TorchOptions
        {
            Device = name,
            Precision = type == ComputeDType.Float32 ? TorchPrecision.Float32 : TorchPrecision.BFloat16,
            Threads = threads,
            LibraryFolder = NonEmpty(host.Library),
            PackageFolders = host.Packages.NativeFolders(NativePackages),
            // The reference tier: whether a device folds to FP8 is known only when it is there, and the name of a profile is known before.
            Fp8 = host.IsUnstored ? null : false,
        };
        return new TorchChoice(options,
            host.IsUnstored ? null : NonEmpty(host.Variable(ProfileVariable)) ?? Recorded(host, options, kind), host.DeviceMemory);
    }

    /// <summary>The name of an arithmetic.</summary>
    /// <param name="machine">Its beginning.</param>
    /// <param name="layers">Whether that of layers is asked for, which are float32 always.</param>
    public string NameOf(string machine, bool layers) => NameOf(machine, Options, layers);

    /// <summary>
    /// The arithmetic of the lock file: a locked build wants no other, and where there is no device it is the only one that can be named.
    /// Another device or element type than the manifest's is none.
    /// </summary>
    private static string? Recorded(ComputeHost host, TorchOptions options, string kind)
    {
        if (host.Recorded is not { } names || (!host.IsLocked && !IsUnknown(options)))
            return null;
        return Machine(names.Layers, layers: true) ?? Machine(names.Model, layers: false);

        string? Machine(string name, bool layers)
        {
            string ending = NameOf("", options, layers);
            return name.StartsWith("torch-", StringComparison.Ordinal) && name.Contains($"-{kind}-", StringComparison.Ordinal)
                && name.EndsWith(ending, StringComparison.Ordinal) ? name[..^ending.Length] : null;
        }
    }

    private static bool IsUnknown(TorchOptions options) =>
        TorchProfile.MachineOf(options.Device, options.Threads).EndsWith("-unknown", StringComparison.Ordinal);

    /// <summary>Refuses a name that is none: a variable has not been looked at yet.</summary>
    private static string KindOf(string name) =>
        TorchDiagnostics.Guard(() => TorchDevice.Parse(name)).Type == TorchSharp.DeviceType.CUDA ? "cuda" : "cpu";

    private static string NameOf(string machine, TorchOptions options, bool layers) => TorchProfile.NameOf(machine,
        layers || options.Precision == TorchPrecision.Float32 ? ScalarType.Float32 : ScalarType.BFloat16, isFp8: false);

    private static string? NonEmpty(string? value) => value is { Length: > 0 } ? value : null;
}
