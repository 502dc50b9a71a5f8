using System.Globalization;
using System.Runtime.InteropServices;

namespace QuantBuild.Torch.Native;

/// <summary>
/// Finds libtorch, and checks it before TorchSharp is first used: what goes wrong later is a page of probing, or a crash.
/// </summary>
/// <remarks>
/// The order is: a folder that is named, the environment variable <see cref="Variable"/>, folders of packages that a compiler was told of,
/// what the app's packages brought. A process has one libtorch.
/// </remarks>
internal static class TorchLibrary
{
    /// <summary>Names a folder with libtorch.</summary>
    public const string Variable = "QUANTBUILD_TORCH";

    /// <summary>The version that TorchSharp's native library was built for.</summary>
    public const string Version = "2.10";

    private static readonly Lock Gate = new();
    private static LibraryFolders? _loaded;
    private static nint _core;

    /// <summary>Where libtorch was loaded from; "the app" when its packages brought it; null before.</summary>
    public static string? Loaded => _loaded?.Name;

    /// <summary>The loaded library with libtorch's stable C interface; 0 before.</summary>
    public static nint Core => _core;

    /// <summary>The version of the libtorch that is loaded; null before.</summary>
    public static string? FoundVersion { get; private set; }

    /// <summary>Loads libtorch.</summary>
    /// <param name="folder">A folder with it; null to take what the environment, packages or the app say.</param>
    /// <param name="packages">Folders that have it together, for when no folder is named.</param>
    /// <param name="cuda">Whether its part for GPUs is needed.</param>
    /// <param name="acceptsOtherVersions">Whether another version than TorchSharp's is tried.</param>
    /// <exception cref="TorchException">It cannot be used; the message says why.</exception>
    public static void Load(string? folder, IReadOnlyList<string> packages, bool cuda, bool acceptsOtherVersions = false)
    {
        folder = NonEmpty(folder) ?? NonEmpty(Environment.GetEnvironmentVariable(Variable));
        var folders = new LibraryFolders(folder is null ? [.. packages] : [FolderOf(folder)]);
        lock (Gate)
        {
            if (_loaded is not null && _loaded.Name != folders.Name)
                throw new TorchException(TorchProblem.LibraryMissing,
                    $"libtorch of {_loaded.Name} is in use, and a process cannot take another one, of {folders.Name}");
            if (_loaded is null)
            {
                StandardLibrary.Check();
                nint core = folders.Load("torch_cpu");
                string version = VersionOf(core);
                if (!acceptsOtherVersions)
                    CheckVersion(version, folders.Name);
                folders.LoadRest();
                _core = core;
                FoundVersion = version;
                _loaded = folders;
            }
            if (cuda && _loaded.TryLoad("torch_cuda") == 0)
            {
                throw new TorchException(TorchProblem.NoSuchDevice,
                    $"the libtorch of {folders.Name} is one for processors, without CUDA; take one for CUDA, or the device cpu");
            }
        }
    }

    /// <summary>One of the libraries of the libtorch that is loaded.</summary>
    /// <param name="name">Its name, such as <c>torch_cuda</c>.</param>
    /// <returns>Its handle; 0 where this libtorch has no such library.</returns>
    public static nint Part(string name)
    {
        lock (Gate)
            return _loaded?.TryLoad(name) ?? 0;
    }

    /// <summary>The version that a loaded libtorch says it has, by its stable C interface.</summary>
    internal static unsafe string VersionOf(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "aoti_torch_abi_version", out nint function))
            return "older than 2.7";
        ulong version = ((delegate* unmanaged<ulong>)function)();
        return string.Create(CultureInfo.InvariantCulture, $"{version >> 56}.{(version >> 48) & 0xFF}");
    }

    /// <summary>Refuses a version.</summary>
    /// <exception cref="TorchException">It is another one than TorchSharp's.</exception>
    internal static void CheckVersion(string version, string origin)
    {
        if (version != Version)
            throw new TorchException(TorchProblem.WrongVersion, $"libtorch of {origin} is {version}; TorchSharp is built for {Version}");
    }

    /// <summary>The folder itself, or its <c>lib</c>, as archives and Python installs have it.</summary>
    private static string FolderOf(string folder)
    {
        folder = Path.GetFullPath(folder);
        string inner = Path.Combine(folder, "lib"), file = LibraryFolders.FileOf("torch_cpu");
        return !File.Exists(Path.Combine(folder, file)) && File.Exists(Path.Combine(inner, file)) ? inner : folder;
    }

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
