using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Torch;

namespace QuantBuild.Compiler.Torch.Sessions;

/// <summary>What the backend computes on: the manifest's choice, and what the environment says of this machine.</summary>
/// <param name="Options">For opening the runtime.</param>
/// <param name="Expected">
/// Name of the arithmetic whose stored results are wanted, without its element type; null for that of this machine.
/// </param>
internal sealed record TorchChoice(TorchOptions Options, string? Expected)
{
    /// <summary>
    /// Which of several GPUs, such as <c>cuda:1</c>. No byte depends on it, unless the GPUs differ, which the profile says.
    /// </summary>
    public const string DeviceVariable = "QUANTBUILD_DEVICE";

    /// <summary>Threads of products on the processor; part of the profile. The default is the number of processors.</summary>
    public const string ThreadsVariable = "QUANTBUILD_TORCH_THREADS";

    /// <summary>
    /// The beginning of another machine's profile, such as <c>torch-2.10-cuda-sm90-132</c>: a build takes its results from the store
    /// without a device, and ends with QB3245 where one is missing and this machine has another arithmetic.
    /// </summary>
    public const string ProfileVariable = "QUANTBUILD_TORCH_PROFILE";

    /// <summary>Reads the environment.</summary>
    /// <param name="device">The manifest's device.</param>
    /// <param name="type">The manifest's element type.</param>
    /// <param name="read">Reads a variable; null for this process's.</param>
    /// <exception cref="DiagnosticException">A variable cannot be used (QB3243, QB3246).</exception>
    public static TorchChoice Of(ComputeDevice device, ComputeDType type, Func<string, string?>? read = null)
    {
        read ??= Environment.GetEnvironmentVariable;
        string kind = device == ComputeDevice.Cuda ? "cuda" : "cpu", name = NonEmpty(DeviceVariable) ?? kind;
        if (name.Split(':')[0] != kind)
        {
            throw new DiagnosticException(Descriptors.TorchDevice.At(null,
                $"the manifest asks for {kind}, and {DeviceVariable} names {name}"));
        }
        int threads = Environment.ProcessorCount;
        if (NonEmpty(ThreadsVariable) is { } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out threads) || threads is < 1 or > 1024))
            throw new DiagnosticException(Descriptors.TorchSetting.At(null, ThreadsVariable, text, "a number of threads, from 1"));
        return new TorchChoice(new TorchOptions
        {
            Device = name,
            Precision = type == ComputeDType.Float32 ? TorchPrecision.Float32 : TorchPrecision.BFloat16,
            Threads = threads,
            // The reference tier: whether a device folds to FP8 is known only when it is there, and the name of a profile is known before.
            Fp8 = false,
        }, NonEmpty(ProfileVariable));

        string? NonEmpty(string variable) => read(variable) is { Length: > 0 } value ? value : null;
    }
}
