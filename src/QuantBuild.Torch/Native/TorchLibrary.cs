using System.Globalization;
using System.Runtime.InteropServices;

namespace QuantBuild.Torch.Native;

/// <summary>
/// Finds libtorch, and checks it before TorchSharp is first used: what goes wrong later is a page of probing, or a crash.
/// </summary>
/// <remarks>
/// The order is: a folder that is named, the environment variable <see cref="Variable"/>, what the app's packages brought. A process has
/// one libtorch.
/// </remarks>
internal static class TorchLibrary
{
    /// <summary>Names a folder with libtorch.</summary>
    public const string Variable = "QUANTBUILD_TORCH";

    /// <summary>The version that TorchSharp's native library was built for.</summary>
    public const string Version = "2.10";

    private static readonly Lock Gate = new();
    private static string? _loaded;

    /// <summary>Where libtorch was loaded from; "the app" when its packages brought it; null before.</summary>
    public static string? Loaded => _loaded;

    /// <summary>Loads libtorch.</summary>
    /// <param name="folder">A folder with it; null to take what the environment or the app says.</param>
    /// <param name="cuda">Whether its part for GPUs is needed.</param>
    /// <exception cref="TorchException">It cannot be used; the message says why.</exception>
    public static void Load(string? folder, bool cuda)
    {
        folder = NonEmpty(folder) ?? NonEmpty(Environment.GetEnvironmentVariable(Variable));
        lock (Gate)
        {
            string origin = folder is null ? "the app" : FolderOf(folder);
            if (_loaded is not null && _loaded != origin)
                throw new TorchException(TorchProblem.LibraryMissing,
                    $"libtorch of {_loaded} is in use, and a process cannot take another one, of {origin}");
            if (_loaded is null)
            {
                StandardLibrary.Check();
                CheckVersion(folder is null ? FromApp() : FromFolder(origin, "torch_cpu"), origin);
                if (folder is not null)
                    _ = FromFolder(origin, "torch");
                _loaded = origin;
            }
            if (cuda)
                LoadCuda(folder is null ? null : origin);
        }
    }

    /// <summary>The version that a loaded libtorch says it has, by its stable C interface.</summary>
    /// <exception cref="TorchException">It is another one than TorchSharp's.</exception>
    internal static unsafe void CheckVersion(nint library, string origin)
    {
        string found = "older than 2.7";
        if (NativeLibrary.TryGetExport(library, "aoti_torch_abi_version", out nint function))
        {
            ulong version = ((delegate* unmanaged<ulong>)function)();
            found = string.Create(CultureInfo.InvariantCulture, $"{version >> 56}.{(version >> 48) & 0xFF}");
        }
        if (found != Version)
            throw new TorchException(TorchProblem.WrongVersion, $"libtorch of {origin} is {found}; TorchSharp is built for {Version}");
    }

    private static nint FromApp() =>
        NativeLibrary.TryLoad("torch_cpu", typeof(TorchLibrary).Assembly,
            DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory,
            out nint library)
        ? library
        : throw new TorchException(TorchProblem.LibraryMissing,
            $"there is no libtorch: reference the package libtorch-cpu-{RuntimeInformation.RuntimeIdentifier} {Version}.0 or one for "
                + $"CUDA, or name "
                + $"a folder that has it, such as torch/lib of a Python install, by {Variable}");

    private static nint FromFolder(string folder, string name)
    {
        string file = Path.Combine(folder, FileOf(name));
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchException(TorchProblem.LibraryMissing,
                File.Exists(file)
                    ? $"{file} cannot be loaded: {e.Message.Split('\n')[0]}"
                    : $"there is no libtorch in {folder}, no {FileOf(name)}", e);
        }
    }

    private static void LoadCuda(string? folder)
    {
        if (folder is null
            ? NativeLibrary.TryLoad("torch_cuda", typeof(TorchLibrary).Assembly, null, out _)
            : NativeLibrary.TryLoad(Path.Combine(folder, FileOf("torch_cuda")), out _))
            return;
        throw new TorchException(TorchProblem.NoSuchDevice,
            $"the libtorch of {folder ?? "the app"} is one for processors, without CUDA; take one for CUDA, or the device cpu");
    }

    /// <summary>The folder itself, or its <c>lib</c>, as archives and Python installs have it.</summary>
    private static string FolderOf(string folder)
    {
        folder = Path.GetFullPath(folder);
        string inner = Path.Combine(folder, "lib");
        return !File.Exists(Path.Combine(folder, FileOf("torch_cpu"))) && File.Exists(Path.Combine(inner, FileOf("torch_cpu")))
            ? inner
            : folder;
    }

    private static string FileOf(string name) => OperatingSystem.IsWindows() ? $"{name}.dll"
        : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
