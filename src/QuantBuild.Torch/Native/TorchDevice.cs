using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace QuantBuild.Torch.Native;

/// <summary>Starts libtorch on a device, with the settings under which it computes the same again.</summary>
internal static partial class TorchDevice
{
    /// <summary>Loads libtorch and starts the device.</summary>
    /// <param name="name"><c>cpu</c>, <c>cuda</c> or, of several GPUs, <c>cuda:1</c>.</param>
    /// <param name="folder">A folder with libtorch; null to take what the environment, packages or the app say.</param>
    /// <param name="packages">Folders of packages that have it together.</param>
    /// <param name="threads">Threads of products on the processor.</param>
    /// <param name="acceptsOtherVersions">Whether a libtorch of another version than TorchSharp's is tried.</param>
    /// <exception cref="TorchException">It cannot be had.</exception>
    public static torch.Device Start(string name, string? folder, IReadOnlyList<string> packages, int threads, bool acceptsOtherVersions)
    {
        (DeviceType type, int index) = Parse(name);
        TorchLibrary.Load(folder, packages, type == DeviceType.CUDA, acceptsOtherVersions);
        if (type == DeviceType.CUDA)
            FixWorkspace();
        try
        {
            // Before any other use: the first one would start the processor's library alone.
            torch.InitializeDeviceType(type);
        }
        catch (Exception e)
            when (e is NotSupportedException or InvalidOperationException or TypeInitializationException or DllNotFoundException)
        {
            throw new TorchException(type == DeviceType.CUDA ? TorchProblem.NoSuchDevice : TorchProblem.LibraryMissing,
                $"TorchSharp does not start on {name}: {(e.InnerException ?? e).Message.Split('\n')[0].Trim()}", e);
        }
        torch.set_num_threads(threads);
        if (type == DeviceType.CPU)
            return torch.CPU;
        Require(name, index, torch.cuda.device_count());
        torch.backends.cuda.matmul.allow_tf32 = false;
        torch.backends.cudnn.allow_tf32 = false;
        return torch.device(type, index);
    }

    /// <summary>A device for people: of a GPU its model, architecture and memory.</summary>
    /// <param name="name">Its name, such as <c>cuda:1</c>.</param>
    /// <param name="threads">Threads of products on the processor.</param>
    public static string Describe(string name, int threads)
    {
        (DeviceType type, int index) = Parse(name);
        return type == DeviceType.CUDA
            ? string.Create(CultureInfo.InvariantCulture, $"cuda:{index}, {CudaDriver.Describe(index)}")
            : string.Create(CultureInfo.InvariantCulture, $"cpu, {threads} {(threads == 1 ? "thread" : "threads")}");
    }

    /// <summary>Bytes of a GPU's memory; null for the processor, or when the driver does not say.</summary>
    /// <param name="name">Its name.</param>
    public static long? MemoryOf(string name) => Parse(name) is (DeviceType.CUDA, var index) ? CudaDriver.MemoryOf(index) : null;

    /// <summary>Refuses a GPU that is not there.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="index">Its number.</param>
    /// <param name="devices">How many there are.</param>
    /// <exception cref="TorchException">There are not so many.</exception>
    internal static void Require(string name, int index, int devices)
    {
        if (index >= devices)
            throw new TorchException(TorchProblem.NoSuchDevice, string.Create(CultureInfo.InvariantCulture,
                $"there is no device {name}: this machine has {devices} that CUDA can use"));
    }

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    internal static (DeviceType Type, int Index) Parse(string device)
    {
        string[] parts = device.Split(':');
        if (device == "cpu")
            return (DeviceType.CPU, -1);
        int index = 0;
        if (parts[0] == "cuda"
            && (parts.Length == 1
                || (parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out index))))
            return (DeviceType.CUDA, index);
        throw new TorchException(TorchProblem.NoSuchDevice,
            $"'{device}' is no device; there are cpu, cuda and, of several GPUs, cuda:1 and so on");
    }

    /// <summary>
    /// cuBLAS computes the same again only with a workspace of its own. Its variable must be in the process's environment, which
    /// .NET only has a copy of.
    /// </summary>
    private static void FixWorkspace()
    {
        const string Name = "CUBLAS_WORKSPACE_CONFIG", Value = ":4096:8";
        if (OperatingSystem.IsWindows())
            Environment.SetEnvironmentVariable(Name, Value);
        else
            _ = SetVariable(Name, Value, 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
