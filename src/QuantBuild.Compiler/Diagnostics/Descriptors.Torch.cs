namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB3240 to QB3249, QB3270: the arithmetic torch on this machine.</content>
internal static partial class Descriptors
{
    /// <summary>QB3240: no libtorch.</summary>
    public static readonly DiagnosticDescriptor TorchMissing = new("QB3240", Severity.Error,
        "{0}",
        "Something has to be computed by the arithmetic torch, and libtorch, which no package of QuantBuild brings, is not there or "
            + "cannot be loaded. Nothing was begun; what is in the store stays.",
        "Reference libtorch-cpu-linux-x64 2.10.0, or TorchSharp-cuda-linux 0.107.0 for a GPU, in the model project and restore it; or "
            + "name a "
            + "folder with libtorch 2.10, such as torch/lib of a Python install of PyTorch 2.10, by --torch, QuantTorch or "
            + "QUANTBUILD_TORCH. `generate` and `compare` do without it with --compute cpu.");

    /// <summary>QB3241: the system's C++ library is too old.</summary>
    public static readonly DiagnosticDescriptor TorchStandardLibrary = new("QB3241", Severity.Error,
        "{0}",
        "TorchSharp's native library was built with gcc 13, and the system's libstdc++ is older.",
        "Build on Debian 13, Ubuntu 24.04, Fedora 39 or newer, or in a container of one of them; or set compute.model and "
            + "compute.layers to "
            + "\"cpu\".");

    /// <summary>QB3242: a libtorch of another version.</summary>
    public static readonly DiagnosticDescriptor TorchVersion = new("QB3242", Severity.Error,
        "{0}",
        "TorchSharp can only be used with the version of libtorch that it was built for.",
        "Take libtorch 2.10, by its package or from a Python install of PyTorch 2.10.");

    /// <summary>QB3243: the device is not there.</summary>
    public static readonly DiagnosticDescriptor TorchDevice = new("QB3243", Severity.Error,
        "{0}",
        "The manifest's compute.device, or --device, QuantDevice or QUANTBUILD_DEVICE, names a device that this machine does not have, or "
            + "that its libtorch was built without. No other device is put in its place: the bytes of results depend on it.",
        "Build on a machine with the device, take a libtorch for CUDA, or set compute.device to \"cpu\"; `generate` and `compare` take "
            + "--device cpu.");

    /// <summary>QB3244: the memory of the device does not suffice.</summary>
    public static readonly DiagnosticDescriptor TorchOutOfMemory = new("QB3244", Severity.Error,
        "{0}",
        "Weights, a pass of the model, or a step of a layer take more memory than the device has left.",
        "End other programs that use the device; give a smaller --device-memory, so that one expert is there at a time, or two blocks of "
            + "it; take a device with more memory, or calibrate on smaller videos. Of a video, take a smaller --size, fewer --frames, "
            + "--memory none, or --vae-tile 256. Finished actions stay in the store.");

    /// <summary>QB3245: results of another machine are wanted, and one is missing.</summary>
    public static readonly DiagnosticDescriptor TorchProfileDiffers = new("QB3245", Severity.Error,
        "{0} of the arithmetic {1} is not in the store, and this machine has {2}",
        "The results of another machine are wanted, by QUANTBUILD_TORCH_PROFILE or because a locked build gives what the lock file names, "
            + "and the store lacks some. `quantbuild plan` lists all that are missing.",
        "Build on such a machine into a store that both share (--remote), or unset the variable and build unlocked.");

    /// <summary>QB3246: a variable of the arithmetic torch has a value that is none.</summary>
    public static readonly DiagnosticDescriptor TorchSetting = new("QB3246", Severity.Error,
        "{0} is '{1}', and has to be {2}",
        "An environment variable that chooses how the arithmetic torch computes has a value that cannot be used.",
        "Correct the variable or unset it.");

    /// <summary>QB3247: the device failed.</summary>
    public static readonly DiagnosticDescriptor TorchDeviceFailed = new("QB3247", Severity.Error,
        "libtorch, or the device that it computes on, failed: {0}",
        "An operation ended with an error of libtorch, of CUDA or of its driver. A GPU tells errors late: another operation than the one in "
            + "the message may have caused it.",
        "Run `quantbuild doctor` and build again: finished actions are in the store. Where it comes again, look for other programs on the "
            + "device, at the driver's log, and report it with the message.");

    /// <summary>QB3270: a layer does not fit the device.</summary>
    public static readonly DiagnosticDescriptor DeviceMemoryTooSmall = new("QB3270", Severity.Error,
        "{0} needs about {1} of the device's memory ({2}){3}; the device, or --device-memory, has {4}",
        "The weights of a layer, its Hessian with the factors, and a portion of tokens are on the device at once. Portions are the same on "
            + "every device, because bytes depend on them. Nothing was begun; what is in the store stays.",
        "Take a device with more memory or raise --device-memory (`QuantDeviceMemory`), choose the method `gptq`, which needs less than a "
            + "refit, or set compute.layers to \"cpu\".");

    /// <summary>QB3250: weights and a pass of the model do not fit the device, or its limit.</summary>
    public static readonly DiagnosticDescriptor ModelMemoryTooSmall = new("QB3250", Severity.Error,
        "{0} needs about {1} of the device's memory: {2} for weights ({3}) and {4} for a pass of {5} tokens; the device, or "
            + "--device-memory, has {6}",
        "Weights take three quarters of the memory at the most, and where an expert does not fit that its blocks are streamed. What a pass "
            + "of the model needs beside them follows from the size of the video, and there is no room for it. Nothing was begun; what is in "
            + "the store stays.",
        "Raise --device-memory (`QuantDeviceMemory`) or take a device with more memory; where whole experts are kept, lower it, so that "
            + "their blocks are streamed; or take smaller videos: calibration.latent or a smaller set for a build, --size and --frames for "
            + "a video, which --memory none makes with streamed blocks.");
}
